"""What others may react to, in the transaction in which it happened."""

from django.dispatch import Signal

# A new event, not a repeat and not a correction. event: AttendanceEvent.
clocked = Signal()
# A correction, whatever it does. event: the new AttendanceEvent.
corrected = Signal()
