"""group_member.py LIBRARY BOOTSTRAP GROUP TOPIC: reads as a member of a group, prints 'partition offset value' for each record, commits what it has printed. SIGTERM ends it in order."""
import asyncio
import signal
import sys

library, bootstrap, group, topic = sys.argv[1:5]
stopped = False


def stop(*_):
    global stopped
    stopped = True


def show(partition, offset, value):
    print(partition, offset, value.decode(), flush=True)


def confluent(protocol):
    from confluent_kafka import Consumer
    options = {"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False,
               "group.protocol": protocol, "reconnect.backoff.max.ms": 500}
    if protocol == "classic":
        options.update({"session.timeout.ms": 6000, "partition.assignment.strategy": "cooperative-sticky"})
    consumer = Consumer(options)
    consumer.subscribe([topic])
    while not stopped:
        records = [m for m in consumer.consume(100, 0.2) if not m.error()]
        for m in records:
            show(m.partition(), m.offset(), m.value())
        if records:
            try:
                consumer.commit(asynchronous=False)
            except Exception as error:
                print(error, file=sys.stderr, flush=True)
    consumer.close()


def kafka_python():
    from kafka import KafkaConsumer
    consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap.split(","), group_id=group, auto_offset_reset="earliest", enable_auto_commit=False,
                             session_timeout_ms=6000, heartbeat_interval_ms=1000)
    while not stopped:
        batches = consumer.poll(timeout_ms=200)
        for records in batches.values():
            for m in records:
                show(m.partition, m.offset, m.value)
        if batches:
            try:
                consumer.commit()
            except Exception as error:
                print(error, file=sys.stderr, flush=True)
    consumer.close()


async def aio():
    from aiokafka import AIOKafkaConsumer
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False,
                                session_timeout_ms=6000, heartbeat_interval_ms=1000)
    await consumer.start()
    while not stopped:
        batches = await consumer.getmany(timeout_ms=200)
        for records in batches.values():
            for m in records:
                show(m.partition, m.offset, m.value)
        if batches:
            try:
                await consumer.commit()
            except Exception as error:
                print(error, file=sys.stderr, flush=True)
    await consumer.stop()


signal.signal(signal.SIGTERM, stop)
if library == "aiokafka":
    asyncio.run(aio())
elif library == "kafka-python":
    kafka_python()
else:
    confluent(library.removeprefix("confluent-"))
