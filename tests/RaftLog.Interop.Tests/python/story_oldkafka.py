"""The story with kafka-python 2.0.2 of Debian 12, without the copy: it knows neither idempotence nor transactions, so confluent-kafka produces."""
from kafka import KafkaConsumer
from kafka.errors import KafkaError

from story import complain, is_stopped, show
from story_confluent import produce  # noqa: F401


def member(bootstrap, group, topic):
    consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap.split(","), group_id=group, auto_offset_reset="earliest", enable_auto_commit=False,
                             session_timeout_ms=6000, heartbeat_interval_ms=1000, reconnect_backoff_max_ms=500, metadata_max_age_ms=5000)
    while not is_stopped():
        batches = consumer.poll(timeout_ms=200)
        for records in batches.values():
            for each in records:
                show(each.partition, each.offset, each.key, each.value)
        if batches:
            print(end="", flush=True)
            try:
                consumer.commit()
            except KafkaError as error:
                complain(error)
    consumer.close()
