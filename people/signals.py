"""What others may react to. `people` knows nobody who listens."""

from django.dispatch import Signal

# Sent inside the transaction that stored photos still to be embedded. ids: list[int].
photos_stored = Signal()

# Sent inside the transaction that created an ImportRun. run_id: int.
import_started = Signal()
