// node roles.js ROLE BOOTSTRAP ARGUMENT...: plays one of the roles that every client library plays (Roles/ClientRoles.cs).
//
// produce TOPIC            sends each line of the input as a value, keyed by its number modulo 100, with idempotence
// member GROUP TOPIC [range] reads committed records in a group, prints 'partition offset key value', commits what it has printed; SIGTERM ends it in order
// transform ID FROM TO N   copies N records with transactions, of which every fifth is aborted and read again; prints a line a transaction
const readline = require('readline')
const { AssignerProtocol, Kafka, logLevel } = require('kafkajs')

const [role, bootstrap, ...rest] = process.argv.slice(2)
const kafka = new Kafka({
  clientId: 'roles', brokers: bootstrap.split(','), logLevel: logLevel.ERROR, retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 8 }
})
const group = (groupId, more = {}) => kafka.consumer({
  ...more, groupId, sessionTimeout: 6000, heartbeatInterval: 1000, rebalanceTimeout: 10000, maxWaitTimeInMs: 200, readUncommitted: false
})

// One partition a send: kafkajs 2.2.4 takes the records of a partition whose leader is lost for sent when the new leader has already answered for another
// partition of the same send.
const partitions = 6
const partitionOf = value => (Number(value) % 100) % partitions

async function produce(topic) {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  let batch = []
  const send = async () => {
    for (let partition = 0; partition < partitions; partition++) {
      const messages = batch.filter(each => each.partition === partition)
      if (messages.length > 0) await producer.send({ topic, acks: -1, messages })
    }
    batch = []
  }
  let step = 50
  for await (const value of readline.createInterface({ input: process.stdin })) {
    batch.push({ key: `k${Number(value) % 100}`, value, partition: partitionOf(value) })
    if (batch.length >= step) {
      await send()
      // What comes in small steps at first comes all at once later.
      step = Number(value) > 5000 ? 2000 : 50
    }
  }
  await send()
  await producer.disconnect()
}

// Takes part under a name that other clients know; another member, which was there before, shares out.
const range = () => ({
  name: 'range',
  version: 0,
  protocol: ({ topics }) => ({
    name: 'range', metadata: AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) })
  }),
  assign: async () => { throw new Error('another member should share out') }
})

async function member(groupId, topic, assigner) {
  const consumer = group(groupId, assigner === 'range' ? { partitionAssigners: [range] } : {})
  process.on('SIGTERM', () => consumer.disconnect().then(() => process.exit(0)))
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, resolveOffset, heartbeat, isRunning, isStale }) => {
      if (!isRunning() || isStale() || batch.messages.length === 0) return
      process.stdout.write(batch.messages.map(each => `${batch.partition} ${each.offset} ${each.key} ${each.value}\n`).join(''))
      resolveOffset(batch.lastOffset())
      await consumer.commitOffsets([{ topic, partition: batch.partition, offset: `${BigInt(batch.lastOffset()) + 1n}` }])
        .catch(error => console.error(error.message))
      await heartbeat()
    }
  })
}

async function transform(transactionalId, source, target, count) {
  const consumer = group(transactionalId)
  const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1, transactionTimeout: 30000 })
  await consumer.connect()
  await producer.connect()
  let copied = 0
  let turn = 0
  const done = new Promise(resolve => consumer.on(consumer.events.END_BATCH_PROCESS, () => copied >= Number(count) && resolve()))
  await consumer.subscribe({ topics: [source], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, resolveOffset, heartbeat, isRunning, isStale }) => {
      for (let at = 0; at < batch.messages.length && isRunning() && !isStale();) {
        const some = batch.messages.slice(at, at + 500)
        const transaction = await producer.transaction()
        try {
          await transaction.send({ topic: target, acks: -1, messages: some.map(({ key, value }) => ({ key, value, partition: batch.partition })) })
          const next = `${BigInt(some[some.length - 1].offset) + 1n}`
          await transaction.sendOffsets({ consumerGroupId: transactionalId, topics: [{ topic: source, partitions: [{ partition: batch.partition, offset: next }] }] })
          if (++turn % 5 === 0) {
            await transaction.abort()
            console.log('aborted')
            continue
          }
          await transaction.commit()
        } catch (error) {
          console.log('failed', error.message)
          if (transaction.isActive()) await transaction.abort()
          throw error
        }
        resolveOffset(some[some.length - 1].offset)
        at += some.length
        copied += some.length
        console.log('committed', some.length)
        await heartbeat()
      }
    }
  })
  await done
  await consumer.disconnect()
  await producer.disconnect()
}

({ produce, member, transform })[role](...rest).catch(error => { console.error(error); process.exit(1) })
