"""``python -m local``: see ``local.cli``."""

import signal

# Until the stack handles it itself, Ctrl-C ends the process at once: a KeyboardInterrupt in the
# middle of an import can get lost in a library's `except:`.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import sys  # noqa: E402

from local.cli import main  # noqa: E402

sys.exit(main())
