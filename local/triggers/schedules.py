"""Schedules: each sends its event once at the start and then at the template's rate."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from local.declared.blueprint import Schedule
from local.functions.pool import Functions
from local.functions.runtime_api import FunctionFailed

logger = logging.getLogger(__name__)


async def fire(schedule: Schedule, functions: Functions) -> Any:
    """Send the event of a schedule once; returns what the function answered.

    Raises:
        FunctionFailed: the function could not serve it.
    """
    return await functions.invoke(schedule.function, schedule.payload)


async def keep_firing(schedule: Schedule, functions: Functions) -> None:
    """Send it at its rate until cancelled; failures are logged, as nobody waits for them."""
    if schedule.every_s is None:
        logger.warning("%s fires once only: %s is no rate", schedule.name, schedule.expression)
        return
    while True:
        await asyncio.sleep(schedule.every_s)
        try:
            await fire(schedule, functions)
        except FunctionFailed as error:
            logger.error("%s: %s", schedule.name, error)
