"""The roles with kafka-python 2.0.2 of Debian 12, without the copy: it knows neither idempotence nor transactions, so confluent-kafka produces."""
from kafka import KafkaConsumer

from roles_confluent import produce  # noqa: F401
from roles_kafkapython import follow


def member(bootstrap, group, topic):
    follow(KafkaConsumer(topic, bootstrap_servers=bootstrap.split(","), group_id=group, auto_offset_reset="earliest", enable_auto_commit=False,
                         session_timeout_ms=6000, heartbeat_interval_ms=1000, reconnect_backoff_max_ms=500, metadata_max_age_ms=5000))
