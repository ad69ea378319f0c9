// node admin.js BROKER...
// Calls every administrative function of kafkajs, right and wrong, and prints what each says: one line of JSON a step. What names a place, a moment or
// an identity is left out, so that two clusters that behave alike print the same.
const { Kafka, logLevel, ConfigResourceTypes } = require('kafkajs')

const kafka = new Kafka({ clientId: 'interop-admin', brokers: process.argv.slice(2), logLevel: logLevel.NOTHING })

// Some errors that are retriable stay: for these it need not try for ten seconds, as it does by default.
const admin = kafka.admin({ retry: { initialRetryTime: 50, maxRetryTime: 100, retries: 5 } })

const byName = list => [...list].sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)

// The result of one call, or its error as a client's program sees it.
async function step(name, run) {
  try {
    console.log(JSON.stringify({ name, result: (await run()) ?? null }))
  } catch (error) {
    const inner = error.errors ?? (error.groups && error.groups.map(g => ({ type: g.error.type, groupId: g.groupId })))
    console.log(JSON.stringify({
      name,
      error: error.name,
      type: error.type,
      code: error.code,
      retriable: error.retriable,
      inner: inner && byName(inner.map(e => ({ type: e.type, topic: e.topic, groupId: e.groupId })))
    }))
  }
}

// Metadata reaches the nodes one after the other, and kafkajs asks any of them: asks until the answer was there so many times in a row that each node has
// most likely given it.
async function until(what, ask) {
  const enough = 8
  let held = 0
  for (let tries = 0; tries < 600; tries++) {
    while (await ask().catch(() => false)) {
      if (++held === enough) return
    }
    held = 0
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  throw new Error(`gave up waiting for ${what}`)
}

const topicOf = async topic => {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  return topics[0].partitions
    .map(p => ({ id: p.partitionId, error: p.partitionErrorCode, replicas: [...p.replicas].sort(), isr: [...p.isr].sort() }))
    .sort((a, b) => a.id - b.id)
}

const offsetsOf = offsets => byName(offsets.map(o => ({ partition: o.partition, offset: o.offset, high: o.high, low: o.low })))

const committed = topics => byName(topics.map(t => ({ ...t, partitions: byName(t.partitions) })))

const configsOf = (response, names) => response.resources.map(r => ({
  error: r.errorCode,
  type: r.resourceType,
  name: r.resourceName,
  entries: byName(r.configEntries
    .filter(e => names.includes(e.configName))
    .map(e => ({
      name: e.configName, value: e.configValue, readOnly: e.readOnly, isDefault: e.isDefault, source: e.configSource, sensitive: e.isSensitive,
      synonyms: (e.configSynonyms ?? []).length > 0
    })))
}))

const groupOf = group => ({
  error: group.errorCode,
  id: group.groupId,
  state: group.state,
  type: group.protocolType,
  protocol: group.protocol,
  members: group.members.map(m => ({
    client: m.clientId, host: m.clientHost, metadata: m.memberMetadata.toString('hex'), assignment: m.memberAssignment.toString('hex')
  }))
})

async function topics() {
  await step('create', () => admin.createTopics({
    waitForLeaders: true,
    topics: [
      { topic: 'js', numPartitions: 3, replicationFactor: 3, configEntries: [{ name: 'retention.ms', value: '-1' }] },
      { topic: 'js-assigned', replicaAssignment: [{ partition: 0, replicas: [2, 1] }, { partition: 1, replicas: [3, 2] }] },
      { topic: 'js-one', numPartitions: 1, replicationFactor: 1 }
    ]
  }))
  await step('create again', () => admin.createTopics({ topics: [{ topic: 'js' }] }))
  await step('create, checked only', () => admin.createTopics({ validateOnly: true, topics: [{ topic: 'js-checked' }] }))
  await step('create, a bad name', () => admin.createTopics({ topics: [{ topic: 'a b' }] }))
  await step('create, too many replicas', () => admin.createTopics({ topics: [{ topic: 'js-many', replicationFactor: 9 }] }))
  await step('create, no partitions', () => admin.createTopics({ topics: [{ topic: 'js-none', numPartitions: 0 }] }))
  await step('create, a bad config', () =>
    admin.createTopics({ topics: [{ topic: 'js-config', configEntries: [{ name: 'no.such.key', value: '1' }] }] }))
  await step('create, good beside bad', () => admin.createTopics({ topics: [{ topic: 'js-good' }, { topic: 'a b' }] }))
  await until('the good one', async () => (await admin.listTopics()).includes('js-good'))
  await until('three replicas in sync', async () => (await topicOf('js')).every(p => p.isr.length === 3))
  await step('list', async () => (await admin.listTopics()).filter(t => t.startsWith('js')).sort())
  await step('metadata', async () => (await topicOf('js')).map(p => ({ ...p, replicas: p.replicas.length, isr: p.isr.length })))
  await step('metadata, assigned', () => topicOf('js-assigned'))
  await step('metadata of an unknown topic', () => topicOf('js-unknown'))
  await step('describe cluster', async () => {
    const { brokers, controller, clusterId } = await admin.describeCluster()
    return { brokers: brokers.map(b => b.nodeId).sort(), controller: controller > 0, clusterId: clusterId.length }
  })
  await step('partitions', () => admin.createPartitions({ topicPartitions: [{ topic: 'js-one', count: 2 }] }))
  await until('two partitions', async () => (await topicOf('js-one')).length === 2)
  await step('partitions, checked only', () => admin.createPartitions({ validateOnly: true, topicPartitions: [{ topic: 'js-one', count: 5 }] }))
  await step('partitions, as many', () => admin.createPartitions({ topicPartitions: [{ topic: 'js-one', count: 2 }] }))
  await step('partitions, fewer', () => admin.createPartitions({ topicPartitions: [{ topic: 'js-one', count: 1 }] }))
  await step('partitions of an unknown topic', () => admin.createPartitions({ topicPartitions: [{ topic: 'js-unknown', count: 5 }] }))
  await step('partitions, assigned', () => admin.createPartitions({ topicPartitions: [{ topic: 'js-one', count: 3, assignments: [[3]] }] }))
  await until('three partitions', async () => (await topicOf('js-one')).length === 3)
  await step('metadata, the third', async () => (await topicOf('js-one'))[2])
}

async function records() {
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  for (let partition = 0; partition < 3; partition++) {
    await producer.send({
      topic: 'js',
      acks: -1,
      messages: Array.from({ length: 10 }, (_, i) => ({ value: `${i}`, partition, timestamp: `${1700000000000 + i * 1000}` }))
    })
  }
  await producer.disconnect()
  await step('offsets', async () => offsetsOf(await admin.fetchTopicOffsets('js')))
  await step('offsets of an unknown topic', async () => offsetsOf(await admin.fetchTopicOffsets('js-unknown')))
  for (const time of [0, 1700000000000, 1700000003500, 1700000009000, 1800000000000]) {
    await step(`offsets at ${time}`, async () => offsetsOf(await admin.fetchTopicOffsetsByTimestamp('js', time)))
  }
  await step('offsets without a time', async () => offsetsOf(await admin.fetchTopicOffsetsByTimestamp('js')))
  await step('delete records', () => admin.deleteTopicRecords({
    topic: 'js', partitions: [{ partition: 0, offset: '4' }, { partition: 1, offset: '-1' }]
  }))
  await step('offsets after it', async () => offsetsOf(await admin.fetchTopicOffsets('js')))
  await step('delete records beyond the end', () => admin.deleteTopicRecords({ topic: 'js', partitions: [{ partition: 0, offset: '99' }] }))
  await step('delete records of an unknown topic', () =>
    admin.deleteTopicRecords({ topic: 'js-unknown', partitions: [{ partition: 0, offset: '1' }] }))
  await step('delete records of an unknown partition', () =>
    admin.deleteTopicRecords({ topic: 'js', partitions: [{ partition: 9, offset: '1' }] }))
}

async function groups() {
  const group = 'js-group'
  await until('coordinators', () => admin.fetchOffsets({ groupId: group }))
  await until('a coordinator of the other', () => admin.fetchOffsets({ groupId: 'js-never' }))
  await step('offsets of a group that never was', () => admin.fetchOffsets({ groupId: 'js-never', topics: ['js'] }))
  await step('describe a group that never was', async () => (await admin.describeGroups(['js-never'])).groups.map(groupOf))
  await step('delete a group that never was', () => admin.deleteGroups(['js-never']))
  await step('set offsets', () => admin.setOffsets({
    groupId: group, topic: 'js', partitions: [{ partition: 0, offset: '5' }, { partition: 2, offset: '7' }]
  }))
  await step('offsets of the group', async () => committed(await admin.fetchOffsets({ groupId: group, topics: ['js'] })))
  await step('all offsets of the group', async () => committed(await admin.fetchOffsets({ groupId: group })))
  await step('offsets, resolved', async () => committed(await admin.fetchOffsets({ groupId: group, topics: ['js'], resolveOffsets: true })))
  await step('reset to the earliest', () => admin.resetOffsets({ groupId: group, topic: 'js', earliest: true }))
  await step('offsets after it, resolved', async () =>
    committed(await admin.fetchOffsets({ groupId: group, topics: ['js'], resolveOffsets: true })))
  await step('reset to the latest', () => admin.resetOffsets({ groupId: group, topic: 'js', earliest: false }))
  await step('offsets after that', async () => committed(await admin.fetchOffsets({ groupId: group, topics: ['js'] })))
  await step('describe the empty group', async () => (await admin.describeGroups([group])).groups.map(groupOf))

  const consumer = kafka.consumer({ groupId: group })
  await consumer.connect()
  await consumer.subscribe({ topics: ['js'], fromBeginning: true })
  await consumer.run({ autoCommit: false, eachMessage: async () => {} })
  await until('a stable group', async () => (await admin.describeGroups([group])).groups[0].state === 'Stable')
  await step('describe the live group', async () => byName((await admin.describeGroups([group, 'js-never'])).groups.map(groupOf)))
  await step('list', async () => byName((await admin.listGroups()).groups.filter(g => g.groupId.startsWith('js'))))
  await step('set offsets of the live group', () => admin.setOffsets({ groupId: group, topic: 'js', partitions: [{ partition: 0, offset: '1' }] }))
  await step('reset offsets of the live group', () => admin.resetOffsets({ groupId: group, topic: 'js', earliest: true }))
  await step('delete the live group', () => admin.deleteGroups([group]))
  await consumer.disconnect()
  await until('an empty group', async () => (await admin.describeGroups([group])).groups[0].state === 'Empty')
  await step('offsets after its life', async () => committed(await admin.fetchOffsets({ groupId: group, topics: ['js'] })))
  await step('delete beside one that never was', () => admin.deleteGroups([group, 'js-never']))
  await step('delete again', () => admin.deleteGroups([group]))
  await step('list after it', async () => (await admin.listGroups()).groups.filter(g => g.groupId.startsWith('js')))
  await step('offsets after it was deleted', () => admin.fetchOffsets({ groupId: group, topics: ['js'] }))
}

async function configs() {
  const topic = { type: ConfigResourceTypes.TOPIC, name: 'js' }
  const names = ['retention.ms', 'cleanup.policy', 'segment.bytes', 'max.message.bytes', 'compression.type']
  const describe = (resources, includeSynonyms = false) => admin.describeConfigs({ resources, includeSynonyms })
  const alter = (resources, validateOnly = false) => admin.alterConfigs({ validateOnly, resources })
  const answers = response => response.resources.map(r => ({ error: r.errorCode, type: r.resourceType, name: r.resourceName }))
  await step('describe configs', async () => configsOf(await describe([topic]), names))
  await step('describe two of them', async () => configsOf(await describe([{ ...topic, configNames: names.slice(0, 2) }], true), names))
  await step('describe configs of an unknown topic', async () => configsOf(await describe([{ ...topic, name: 'js-unknown' }]), names))
  await step('describe configs of a broker', async () =>
    configsOf(await describe([{ type: ConfigResourceTypes.BROKER, name: '1' }]), ['log.retention.ms', 'num.partitions', 'node.id']))
  await step('describe configs of no broker', async () => configsOf(await describe([{ type: ConfigResourceTypes.BROKER, name: 'x' }]), names))
  await step('alter, checked only', async () => answers(await alter([{ ...topic, configEntries: [{ name: 'retention.ms', value: '1000' }] }], true)))
  await step('alter', async () => answers(await alter([{ ...topic, configEntries: [{ name: 'max.message.bytes', value: '70000' }] }])))
  await until('the change', async () =>
    configsOf(await describe([topic]), ['max.message.bytes'])[0].entries[0].value === '70000')
  await step('describe after it', async () => configsOf(await describe([topic], true), names))
  await step('alter, a bad value', async () => answers(await alter([{ ...topic, configEntries: [{ name: 'retention.ms', value: 'soon' }] }])))
  await step('alter, a bad key', async () => answers(await alter([{ ...topic, configEntries: [{ name: 'no.such.key', value: '1' }] }])))
  await step('alter an unknown topic', async () =>
    answers(await alter([{ ...topic, name: 'js-unknown', configEntries: [{ name: 'retention.ms', value: '1000' }] }])))
}

async function moves() {
  const move = (topic, partition, replicas) =>
    admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment: [{ partition, replicas }] }] })
  await step('reassign', () => move('js-assigned', 0, [3, 1]))
  await until('the move', async () => JSON.stringify((await topicOf('js-assigned'))[0].isr) === '[1,3]')
  await step('metadata after it', () => topicOf('js-assigned'))
  await step('nothing moves', () => admin.listPartitionReassignments({}))
  await step('nothing moves, of one topic', () => admin.listPartitionReassignments({ topics: [{ topic: 'js-assigned', partitions: [0] }] }))
  await step('moves of an unknown topic', () => admin.listPartitionReassignments({ topics: [{ topic: 'js-unknown', partitions: [0] }] }))
  await step('reassign to an unknown broker', () => move('js-assigned', 0, [9]))
  await step('reassign an unknown topic', () => move('js-unknown', 0, [1]))
  await step('reassign an unknown partition', () => move('js-assigned', 9, [1]))
  await step('reassign to nobody', () => move('js-assigned', 0, []))
  await step('reassign to one twice', () => move('js-assigned', 0, [1, 1]))
}

async function ends() {
  await step('delete', () => admin.deleteTopics({ topics: ['js-assigned', 'js-one', 'js-good'] }))
  await until('the end', async () => !(await admin.listTopics()).includes('js-one'))
  await step('delete again', () => admin.deleteTopics({ topics: ['js-one'] }))
  await step('delete one beside an unknown one', () => admin.deleteTopics({ topics: ['js', 'js-unknown'] }))
  await until('the end of the last', async () => !(await admin.listTopics()).includes('js'))
  await step('list at the end', async () => (await admin.listTopics()).filter(t => t.startsWith('js')))
}

async function main() {
  await admin.connect()
  for (const part of [topics, records, groups, configs, moves, ends]) await part()
  await admin.disconnect()
}

main().catch(error => { console.error(error); process.exit(1) })
