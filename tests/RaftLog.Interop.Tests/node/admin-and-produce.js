// node admin-and-produce.js TOPIC BROKER...
// Creates a topic with one partition a broker, lists it, sends records through each broker alone, and prints what it saw as one line of JSON.
const { Kafka, logLevel, CompressionTypes } = require('kafkajs')

const [topic, ...brokers] = process.argv.slice(2)
const connect = list => new Kafka({ clientId: 'interop', brokers: list, logLevel: logLevel.ERROR })

async function main() {
  const admin = connect(brokers).admin()
  await admin.connect()
  const created = await admin.createTopics({ topics: [{ topic, numPartitions: brokers.length, replicationFactor: brokers.length }] })
  const listed = (await admin.listTopics()).includes(topic)
  const cluster = await admin.describeCluster()

  for (const [partition, broker] of brokers.entries()) {
    const producer = connect([broker]).producer({ allowAutoTopicCreation: false })
    await producer.connect()
    await producer.send({
      topic,
      acks: -1,
      compression: CompressionTypes.GZIP,
      messages: Array.from({ length: 100 }, (_, i) => ({
        key: `key-${i}`, value: `${partition}-${i}`.padEnd(200, '.'), partition, headers: { from: broker }
      }))
    })
    await producer.disconnect()
  }

  const offsets = await admin.fetchTopicOffsets(topic)
  const metadata = await admin.fetchTopicMetadata({ topics: [topic] })
  await admin.disconnect()
  console.log(JSON.stringify({
    created,
    listed,
    brokers: cluster.brokers.length,
    partitions: metadata.topics[0].partitions.length,
    ends: Object.fromEntries(offsets.map(o => [o.partition, Number(o.high)]))
  }))
}

main().catch(error => { console.error(error); process.exit(1) })
