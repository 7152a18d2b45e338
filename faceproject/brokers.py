"""What each kind of broker needs to lose nothing when something is killed, and to be quick again.

The truth is in the database, and a sweep queues again whatever a broker has lost; this is about
not having to wait for it.
"""

from typing import Any
from urllib.parse import urlsplit


def transport_options(broker: str) -> dict[str, Any]:
    """Celery's `broker_transport_options` for the broker at this address."""
    if is_amqp(broker):
        # A dead worker's connection is closed, and its tasks go to another at once; nothing has to
        # time out. A message counts as sent only when the broker has it on disk: Celery's queues
        # are durable and its messages persistent.
        return {"confirm_publish": True}
    return {
        # Short, since tasks are short: what a killed worker held comes back within a minute.
        "visibility_timeout": 30,
        "unacked_restore_throttle": 1,
        "unacked_restore_interval": 5,
        # Queues are emptied in the order in which the worker names them.
        "queue_order_strategy": "priority",
    }


def is_amqp(broker: str) -> bool:
    return urlsplit(broker).scheme in ("amqp", "amqps", "pyamqp")
