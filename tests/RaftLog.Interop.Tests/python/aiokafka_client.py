"""aiokafka_client.py BOOTSTRAP TOPIC COUNT: produces, reads back with assigned partitions, prints what came back as JSON."""
import asyncio
import json
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

bootstrap, topic, count = sys.argv[1], sys.argv[2], int(sys.argv[3])


async def main():
    failed = []
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, compression_type="gzip") as producer:
        sent = [await producer.send(topic, key=b"k%d" % i, value=b"v%d" % i, headers=[("n", b"%d" % i)]) for i in range(count)]
        for result in await asyncio.gather(*sent, return_exceptions=True):
            if isinstance(result, Exception):
                failed.append(str(result))
        known = await producer.partitions_for(topic)

    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest") as consumer:
        partitions = [TopicPartition(topic, p) for p in sorted(known)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = sum((await consumer.end_offsets(partitions)).values())
        seen = []
        while len(seen) < ends:
            record = await asyncio.wait_for(consumer.getone(), 30)
            seen.append((record.key, record.value, record.headers[0][1]))
    expected = {(b"k%d" % i, b"v%d" % i, b"%d" % i) for i in range(count)}
    print(json.dumps({"failed": failed, "left": 0, "whole": set(seen) == expected, "once": len(seen) == count}))


asyncio.run(main())
