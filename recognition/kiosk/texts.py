"""What the kiosk's scripts say, in the language that is active. {…} is filled in by them.

The API speaks English; what it answers is told apart by code, and said here.
"""

from __future__ import annotations

from django.utils.translation import gettext as _


def camera() -> dict[str, str]:
    """By the reasons of static/face/camera.js."""
    return {
        "insecure": _(
            "Browsers give the camera only to pages with https. Ask an administrator to set it up."
        ),
        "unsupported": _("This browser gives no camera to pages. Use another browser."),
        "none": _("No camera was found. Plug one in, or use another device."),
        "blocked": _(
            "The camera is blocked for this page. Allow it in the browser’s settings, then try"
            " again."
        ),
        "in_use": _("Another program is using the camera. Close it, then try again."),
        "failed": _("The camera did not start. Try again, or use another device."),
        "lost": _("The camera stopped. See that it is plugged in, then try again."),
    }


def answers() -> dict[str, str]:
    """By the API's codes."""
    return {
        **_faces(),
        **_liveness(),
        "unknown": _("Sorry! You're not in the database."),
        "no_match": _("Person name and face didn't match!"),
        "person_deactivated": _(
            "Your entry here is switched off. Ask the office that enrolled you."
        ),
        "person_elsewhere": _(
            "You are enrolled, but not for this place. Ask the office that enrolled you."
        ),
        "frames_differ": _("One person only, please."),
        "undo_too_late": _("It is too late to undo this. Ask somebody who may correct it."),
        "already_corrected": _("Somebody has corrected this meanwhile."),
        "capture_too_old": _("It waited too long to be sent. Somebody permitted has to enter it."),
        "clock_in_future": _("The clock of this device is wrong. Set it."),
        "clock_drift": _("The clock of this device is wrong. Set it."),
        "gallery_not_allowed": _(
            "This device has no gallery, so it knows nobody. Give it one in the admin."
        ),
        "permission_denied": _("This device may not clock people. Change that in the admin."),
        **dict.fromkeys(
            ("gallery_outgrown", "sample_too_small"),
            _(
                "Too many people are known here to tell them apart by face alone. Type your staff"
                " number instead."
            ),
        ),
        "weights_missing": _("The server cannot look at faces now. An administrator has to help."),
        "head_missing": _("The server cannot look at faces now. An administrator has to help."),
        "not_calibrated": _("The server cannot look at faces now. An administrator has to help."),
        "throttled": _("Too many requests. It goes on in a moment."),
        "too_many_attempts": _("Too many requests. It goes on in a moment."),
        "request_too_large": _("The pictures are too large for the server."),
        "authentication_failed": _(
            "This key is not valid. It may be mistyped, replaced or revoked."
        ),
        "": _("That did not work. Try again."),
    }


def _faces() -> dict[str, str]:
    return {
        "no_face": _("No face found. Face the camera, with the whole face visible."),
        "many_faces": _("One person only, please."),
        "too_small": _("Come closer."),
        "too_blurred": _("Hold still."),
        "too_dark": _("Too dark. Turn towards the light."),
        "too_bright": _("Too bright. Turn away from the light."),
        "extreme_pose": _("Look straight at the camera."),
        "low_confidence": _("Uncover your face and look at the camera."),
    }


def _liveness() -> dict[str, str]:
    again = _("That did not work. Try again.")
    too_long = _("That took too long. Start again.")
    return {
        "liveness_required": _(
            "A picture alone does not count here. Touch the button, or ask somebody who may enter"
            " it."
        ),
        "step_not_seen": _("A movement was not seen. Move further, and hold it."),
        "frames_alike": _("Move your head. A picture of somebody does not count."),
        "face_changed": _("The pictures show different people. Start again, alone."),
        "several_faces": _("One person only, please."),
        "presentation_attack": _(
            "The camera seems to see a picture or a screen. Show your own face, in good light."
        ),
        "too_many_challenges": _(
            "Too often somebody began and did not finish. It goes on in ten minutes."
        ),
        "pad_unavailable": _("The server cannot look at faces now. An administrator has to help."),
        "challenge_expired": too_long,
        "too_slow": too_long,
        **dict.fromkeys(
            (
                "challenge_unknown",
                "challenge_used",
                "challenge_not_yours",
                "frames_malformed",
                "frames_seen_before",
                "step_missing",
                "too_fast",
                "model_changed",
            ),
            again,
        ),
    }


def steps() -> dict[str, str]:
    """What somebody is asked to do, by the API's steps; read in a moment, from two paces away."""
    return {
        "look_straight": _("Look straight at the camera."),
        "turn_left": _("Turn your head to your left."),
        "turn_right": _("Turn your head to your right."),
        "tilt_left": _("Tilt your head towards your left shoulder."),
        "tilt_right": _("Tilt your head towards your right shoulder."),
        "look_up": _("Look up: lift your chin."),
        "come_closer": _("Come closer to the camera."),
    }


def page() -> dict[str, str]:
    """What the page itself has to say."""
    return {
        **_greetings(),
        **_states(),
        "no_connection": _("The server does not answer. Check the connection, then try again."),
        "revoked": _("The key of this kiosk is not valid any more. Pair it again."),
        "not_a_key": _("A key has 64 characters, 0 to 9 and a to f."),
        "others_wait": _(
            "Captures of “{device}” wait here: {count}. Pair that device again so that they are"
            " sent, or delete them."
        ),
        "storage_closed": _(
            "This browser keeps nothing for this page, so it cannot be a kiosk. Leave private"
            " browsing, or allow storage."
        ),
        "no_undo": _("It could not be taken back: the server does not answer."),
    }


def _greetings() -> dict[str, str]:
    return {
        "in": _("Hi! Welcome {name}"),
        "out": _("Goodbye, {name}!"),
        "repeat": _("You are recorded already, {name}"),
        "at_in": _("in {time}"),
        "at_out": _("out {time}"),
        "undo": _("That was wrong: undo ({seconds})"),
        "undone": _("Taken back, {name}. It does not count."),
        "kept": _("Kept at {time}. It is sent when the server answers again."),
        "full": _("This kiosk can keep no more. Tell somebody that it has no connection."),
        "busy": _("One moment …"),
        "look": _("Stand here and look at the camera."),
        "touch": _("Look at the camera and touch the button."),
        "moves": _("Touch the button, and move as you are asked."),
        "offline_moves": _("No connection. Nobody can be clocked here now."),
        "offline_touch": _("No connection. Touch the button, and it is kept and sent later."),
    }


def _states() -> dict[str, str]:
    return {
        "offline": _("Offline"),
        "waiting": _("Waiting to be sent: {count}"),
        "refused": _("Sent later and refused: {count}"),
        "clock_wrong": _("The clock of this device is wrong by {minutes} min. Set it."),
        "nothing_waits": _("Nothing waits to be sent."),
        "none_refused": _("Nothing was refused."),
        "wrong_name": _("That is not its name."),
        "unpair_loses": _("Captures that were not sent yet would be deleted: {count}."),
    }
