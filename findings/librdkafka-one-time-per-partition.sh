#!/usr/bin/env bash
# librdkafka 2.16.0 under Confluent.Kafka 2.16.0: OffsetsForTimes with one partition twice, as a program does that wants the records from one time to another, answers
# the offset of the last time for both. One partition is asked for in the request, with the last time; the answer is copied to both entries, without an
# error. The range is empty, and nothing of it is processed. The type of the argument is a list of (partition, time), and nothing says that a
# partition may be in it once. A listener in this script answers for a log that has one record a millisecond.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
dotnet_app 'Confluent.Kafka 2.16.0;librdkafka.redist 2.16.0' <<'CS'
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Confluent.Kafka;

const long First = 1_700_000_000_000;
TcpListener listener = new(IPAddress.Loopback, 0);
listener.Start();
int port = ((IPEndPoint)listener.LocalEndpoint).Port;
_ = AcceptAsync();

using IConsumer<Ignore, Ignore> consumer = new ConsumerBuilder<Ignore, Ignore>(
    new ConsumerConfig { BootstrapServers = $"127.0.0.1:{port}", GroupId = "group" }).SetLogHandler((_, _) => { }).Build();
Ask("one by one", [First + 100]);
Ask("one by one", [First + 200]);
Ask("together", [First + 100, First + 200]);
Ask("the other way round", [First + 200, First + 100]);

void Ask(string how, long[] times)
{
    List<TopicPartitionOffset> found = consumer.OffsetsForTimes(
        times.Select(time => new TopicPartitionTimestamp("topic", 0, new Timestamp(time, TimestampType.CreateTime))), TimeSpan.FromSeconds(20));
    string asked = string.Join(" and ", times.Select(time => $"+{time - First} ms"));
    Console.WriteLine($"{how}, {asked}: {string.Join(" and ", found.Select(each => each.Offset.Value))}");
}

async Task AcceptAsync()
{
    while (true)
    {
        TcpClient client = await listener.AcceptTcpClientAsync();
        _ = Task.Run(() => Serve(client.GetStream()));
    }
}

void Serve(NetworkStream stream)
{
    byte[] size = new byte[4];
    while (stream.ReadAtLeast(size, 4, throwOnEndOfStream: false) == 4)
    {
        byte[] request = new byte[BinaryPrimitives.ReadInt32BigEndian(size)];
        stream.ReadExactly(request);
        Reader read = new(request);
        short api = read.Int16();
        short version = read.Int16();
        Writer answer = new Writer().Int32(read.Int32());
        read.Text();
        switch (api)
        {
            case 18:
                // ApiVersions 3: no error, then what is served as (api, lowest, highest) with empty tags: ListOffsets 1, Metadata 1, ApiVersions to 3.
                answer.Int16(0).Byte(4);
                foreach ((short key, short lowest, short highest) in new[] { ((short)2, (short)1, (short)1), ((short)3, (short)1, (short)1), ((short)18, (short)0, (short)3) })
                {
                    answer.Int16(key).Int16(lowest).Int16(highest).Byte(0);
                }

                answer.Int32(0).Byte(0);
                break;
            case 3:
                // Metadata 1: this broker, which leads partition 0 of the one topic.
                answer.Int32(1).Int32(1).Text("127.0.0.1").Int32(port).Int16(-1).Int32(1);
                answer.Int32(1).Int16(0).Text("topic").Byte(0).Int32(1).Int16(0).Int32(0).Int32(1).Int32(1).Int32(1).Int32(1).Int32(1);
                break;
            case 2:
                // ListOffsets 1: of one topic, a time and its offset for each partition that was asked for.
                read.Int32();
                answer.Int32(read.Int32()).Text(read.Text());
                int partitions = read.Int32();
                answer.Int32(partitions);
                Console.WriteLine($"request for {partitions} partition(s)");
                for (int i = 0; i < partitions; i++)
                {
                    answer.Int32(read.Int32());
                    long time = read.Int64();
                    answer.Int16(0).Int64(time).Int64(time - First);
                }

                break;
            default:
                throw new InvalidOperationException($"API {api} version {version} is not served");
        }

        stream.Write(answer.Framed());
    }
}

class Reader(byte[] bytes)
{
    private int _at;

    public short Int16() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

    public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    public string Text() => Encoding.UTF8.GetString(Take(Math.Max(Int16(), (short)0)));

    private ReadOnlySpan<byte> Take(int length) => bytes.AsSpan((_at += length) - length, length);
}

class Writer
{
    private readonly List<byte> _bytes = [0, 0, 0, 0];

    public Writer Byte(byte value) => Add([value]);

    public Writer Int16(short value) => Add([(byte)(value >> 8), (byte)value]);

    public Writer Int32(int value) => Int16((short)(value >> 16)).Int16((short)value);

    public Writer Int64(long value) => Int32((int)(value >> 32)).Int32((int)value);

    public Writer Text(string value) => Int16((short)value.Length).Add(Encoding.UTF8.GetBytes(value));

    public byte[] Framed()
    {
        byte[] framed = [.. _bytes];
        BinaryPrimitives.WriteInt32BigEndian(framed, framed.Length - 4);
        return framed;
    }

    private Writer Add(byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }
}
CS
out=$(timeout 120 dotnet "$app")
echo "$out"
expect 'each time alone has its offset' '^one by one, \+100 ms: 100$' "$out"
expect 'so has the other' '^one by one, \+200 ms: 200$' "$out"
expect 'together both are the later one' '^together, \+100 ms and \+200 ms: 200 and 200$' "$out"
expect 'it is the last that counts, not the later' '^the other way round, \+200 ms and \+100 ms: 100 and 100$' "$out"
expect 'the request had one partition' '^request for 1 partition\(s\)$' "$out"
