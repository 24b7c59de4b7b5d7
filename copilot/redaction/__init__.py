"""Personal data removed from text, whole or as it streams. Pure."""

from copilot.redaction.patterns import KINDS
from copilot.redaction.stream import Redactor, is_redacted, redact

__all__ = ["KINDS", "Redactor", "is_redacted", "redact"]
