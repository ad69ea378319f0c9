# Sourced by the findings about NestJS, after librdkafka-mock.sh.

# nestjs_app < rest-of-program.mjs: builds the mock cluster's program into $app and a program of NestJS as $work/nest.mjs. It begins with emit(payload), which NestJS's client
# sends to the topic "orders", listen(handle), which has a NestJS service call handle with what its handler is given, and records(count), which kafkajs reads from the topic.
nestjs_app() {
  command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
  local rest
  rest=$(cat)
  mock_app 1 <<'CS'
admin.GetMetadata("orders", TimeSpan.FromSeconds(10));
Console.WriteLine(servers);
Console.ReadLine();
CS
  npm install --prefix "$work" @nestjs/microservices@12.1.1 @nestjs/core@12.5.1 @nestjs/common@12.5.1 rxjs@7.8.2 reflect-metadata@0.2.2 kafkajs@2.2.4 \
    --no-audit --no-fund --loglevel=error >/dev/null
  cat >"$work/nest.mjs" <<'JS'
import 'reflect-metadata'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ClientKafka, EventPattern, Payload, Transport } from '@nestjs/microservices'
import { Kafka, Partitioners, logLevel } from 'kafkajs'
import { firstValueFrom } from 'rxjs'

const mock = spawn('dotnet', [process.argv[2]], { stdio: ['pipe', 'pipe', 'inherit'] })
const brokers = (await createInterface({ input: mock.stdout })[Symbol.asyncIterator]().next()).value.split(',')
const connection = { brokers, logLevel: logLevel.NOTHING, logCreator: () => () => {} }
const client = new ClientKafka({ client: connection, producerOnlyMode: true, producer: { createPartitioner: Partitioners.DefaultPartitioner } })
await client.connect()
const emit = payload => firstValueFrom(client.emit('orders', payload))

async function listen(handle) {
  class Orders { handle(payload) { handle(payload) } }
  Payload()(Orders.prototype, 'handle', 0)
  EventPattern('orders')(Orders.prototype, 'handle', Object.getOwnPropertyDescriptor(Orders.prototype, 'handle'))
  class App {}
  Module({ controllers: [Orders] })(App)
  const options = { client: connection, consumer: { groupId: 'nest' }, subscribe: { fromBeginning: true } }
  await (await NestFactory.createMicroservice(App, { logger: false, transport: Transport.KAFKA, options })).listen()
}

async function records(count) {
  const read = []
  const consumer = new Kafka(connection).consumer({ groupId: 'reader' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  await new Promise(done => consumer.run({
    eachMessage: async ({ message }) => {
      read.push(message)
      if (read.length === count) done()
    },
  }))
  return read
}
JS
  printf '%s\nmock.stdin.end()\nprocess.exit(0)\n' "$rest" >>"$work/nest.mjs"
}
