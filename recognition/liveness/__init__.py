"""Is it a person who moves before the camera, or a picture? Active steps, then passive PAD.

`start` gives a challenge, `check` looks at the frames that answer it. Nothing a browser says about
the result is believed: only pixels count, and the server's own clock.
"""

from recognition.liveness.challenges import start
from recognition.liveness.checking import Live, check
from recognition.liveness.frames import StepFrame

__all__ = ["Live", "StepFrame", "check", "start"]
