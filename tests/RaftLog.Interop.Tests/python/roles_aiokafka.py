"""The roles with aiokafka."""
import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from roles import complain, is_stopped, key_of, show, values


def produce(*arguments):
    asyncio.run(produce_all(*arguments))


def member(*arguments):
    asyncio.run(read_all(*arguments))


def transform(*arguments):
    asyncio.run(copy_all(*arguments))


async def produce_all(bootstrap, topic):
    lines = values()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=5) as producer:
        sent = []
        while (value := await asyncio.to_thread(next, lines, None)) is not None:
            sent.append(await producer.send(topic, value, key_of(value)))
        await asyncio.gather(*sent)


def reader(bootstrap, group, topic):
    return AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False,
                            isolation_level="read_committed", session_timeout_ms=6000, heartbeat_interval_ms=1000)


async def read_all(bootstrap, group, topic):
    async with reader(bootstrap, group, topic) as consumer:
        while not is_stopped():
            batches = await consumer.getmany(timeout_ms=200)
            for records in batches.values():
                for each in records:
                    show(each.partition, each.offset, each.key, each.value)
            if batches:
                print(end="", flush=True)
                try:
                    await consumer.commit()
                except KafkaError as error:
                    complain(error)


async def copy_all(bootstrap, name, source, target, count):
    async def begin():
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=name, transaction_timeout_ms=30000)
        await producer.start()
        return producer

    async with reader(bootstrap, name, source) as consumer:
        async def committed(partitions):
            return {each: await consumer.committed(each) or 0 for each in partitions}

        async def rewind():
            for place, offset in (await committed(consumer.assignment())).items():
                consumer.seek(place, offset)

        producer = await begin()
        copied = turn = 0
        while copied < int(count):
            batches = await consumer.getmany(timeout_ms=500, max_records=500)
            batch = [each for records in batches.values() for each in records]
            if not batch:
                continue
            turn += 1
            try:
                await producer.begin_transaction()
                for each in batch:
                    await producer.send(target, each.value, each.key)
                await producer.send_offsets_to_transaction({place: records[-1].offset + 1 for place, records in batches.items()}, name)
                if turn % 5 == 0:
                    await producer.abort_transaction()
                    print("aborted", flush=True)
                    await rewind()
                    continue
                await producer.commit_transaction()
                copied += len(batch)
                print("committed", len(batch), flush=True)
            except KafkaError as failure:
                print("failed", repr(failure), flush=True)
                try:
                    await producer.stop()
                except KafkaError as error:
                    complain(error)
                producer = await begin()
                await rewind()
                copied = sum((await committed([TopicPartition(source, each) for each in consumer.partitions_for_topic(source)])).values())
        await producer.stop()
