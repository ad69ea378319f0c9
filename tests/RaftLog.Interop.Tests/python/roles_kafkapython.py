"""The roles with kafka-python, without the copy."""
from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

from roles import complain, is_stopped, key_of, show, values


def produce(bootstrap, topic):
    producer = KafkaProducer(bootstrap_servers=bootstrap.split(","), enable_idempotence=True, linger_ms=5, reconnect_backoff_max_ms=500)
    sent = [producer.send(topic, value=value, key=key_of(value)) for value in values()]
    producer.flush(120)
    for each in sent:
        each.get(0)
    producer.close()


def reader(bootstrap, group, topic):
    return KafkaConsumer(topic, bootstrap_servers=bootstrap.split(","), group_id=group, auto_offset_reset="earliest", enable_auto_commit=False,
                         isolation_level="read_committed", session_timeout_ms=6000, heartbeat_interval_ms=1000, reconnect_backoff_max_ms=500,
                         metadata_max_age_ms=5000)  # While a node comes back, a new member may wait for the next metadata.


def member(bootstrap, group, topic):
    follow(reader(bootstrap, group, topic))


def follow(consumer):
    """Shows what it reads and commits it, until it is asked to end."""
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
