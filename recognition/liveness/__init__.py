"""Is it a person who moves before the camera, or a picture? Active steps, then passive PAD.

`start` gives a challenge, `check` looks at the frames that answer it, `not_shown` refuses what was
sent without one, and `put_on_record` is told what was refused unseen. Nothing a browser says about
the result is believed: only pixels count, and the server's own clock.
"""

from recognition.liveness.challenges import start
from recognition.liveness.checking import Live, check, not_shown, put_on_record
from recognition.liveness.frames import StepFrame

__all__ = ["Live", "StepFrame", "check", "not_shown", "put_on_record", "start"]
