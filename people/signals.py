"""What others may react to. `people` knows nobody who listens."""

from django.dispatch import Signal

# Sent inside the transaction that stored photos still to be embedded. ids: list[int].
photos_stored = Signal()
