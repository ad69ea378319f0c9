using System.Buffers;
using System.Text;
using System.Text.Json.Serialization;
using RaftLog.Client.Produce;
using RaftLog.Client.Serialization;
using RaftLog.Protocol;

namespace RaftLog.Client.Tests;

public partial class SerdeTests
{
    private static readonly SerializationContext Value = new("t", RecordPart.Value);

    [Fact]
    public void The_forms_are_those_of_the_Java_client()
    {
        AssertForm(Serdes.Bytes, [1, 2], "0102");
        AssertForm(Serdes.Memory, new byte[] { 3 }, "03", (a, b) => a.Span.SequenceEqual(b.Span));
        AssertForm(Serdes.Utf8, "aé€😀", "61C3A9E282ACF09F9880");
        AssertForm(Serdes.Utf8, "", "");
        AssertForm<short>(Serdes.Int16, -2, "FFFE");
        AssertForm(Serdes.Int32, 258, "00000102");
        AssertForm(Serdes.Int32, -1, "FFFFFFFF");
        AssertForm(Serdes.Int64, long.MinValue, "8000000000000000");
        AssertForm(Serdes.Single, 1.5f, "3FC00000");
        AssertForm(Serdes.Double, -2.0, "C000000000000000");
        Guid id = Guid.Parse("00112233-4455-6677-8899-aabbccddeeff");
        AssertForm(Serdes.Guid, id, Convert.ToHexString("00112233-4455-6677-8899-aabbccddeeff"u8));
        AssertForm(Serdes.Json(Forms.Default.Order), new Order("x", 3), Convert.ToHexString("""{"Item":"x","Count":3}"""u8));
        AssertForm<int?>(Serdes.Nullable(Serdes.Int32), 7, "00000007");
    }

    [Fact]
    public void Each_type_with_a_form_of_its_own_has_it_by_default_and_others_are_named()
    {
        Assert.Same(Serdes.Bytes, Serdes.For<byte[]>());
        Assert.Same(Serdes.Memory, Serdes.For<ReadOnlyMemory<byte>>());
        Assert.Same(Serdes.Utf8, Serdes.For<string>());
        Assert.Same(Serdes.Guid, Serdes.For<Guid>());
        Assert.Same(Serdes.Int16, Serdes.For<short>());
        Assert.Same(Serdes.Int32, Serdes.For<int>());
        Assert.Same(Serdes.Int64, Serdes.For<long>());
        Assert.Same(Serdes.Single, Serdes.For<float>());
        Assert.Same(Serdes.Double, Serdes.For<double>());
        Assert.Contains("Serdes.Json(MyContext.Default.Order)", Assert.Throws<NotSupportedException>(() => Serdes.For<Order>()).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("000102")]
    [InlineData("0001020304")]
    public void A_number_of_another_length_is_no_number(string hex) =>
        Assert.Contains("has 4", Assert.Throws<FormatException>(() => Read(Serdes.Int32, Convert.FromHexString(hex))).Message);

    [Fact]
    public void What_is_no_such_value_is_said_to_be_none()
    {
        Assert.Throws<FormatException>(() => Read(Serdes.Guid, Encoding.UTF8.GetBytes("00112233-4455-6677-8899-aabbccddeefg")));
        Assert.Throws<FormatException>(() => Read(Serdes.Json(Forms.Default.Order), "{"u8.ToArray()));
        Assert.Throws<FormatException>(() => Read(Serdes.Json(Forms.Default.Order), """{"Item":"x","Count":3} {}"""u8.ToArray()));
        Assert.Equal("a�", Read(Serdes.Utf8, [(byte)'a', 0xff]));
    }

    [Fact]
    public void Null_is_null_where_the_type_has_it_and_an_error_elsewhere()
    {
        Assert.Null(Null(Serdes.Utf8));
        Assert.Null(Null(Serdes.Nullable(Serdes.Int32)));
        Assert.Contains("Serdes.Nullable", Assert.Throws<FormatException>(() => Null(Serdes.Int32)).Message);
        static T Null<T>(IDeserializer<T> form) => form.DeserializeNull(Value);
    }

    [Fact]
    public void A_value_is_read_from_bytes_in_pieces()
    {
        byte[] bytes = "a€b"u8.ToArray();
        for (int at = 0; at <= bytes.Length; at++)
        {
            Assert.Equal("a€b", Serdes.Utf8.Deserialize(InPieces(bytes, at), Value));
        }

        Assert.Equal(258, Serdes.Int32.Deserialize(InPieces([0, 0, 1, 2], 3), Value));
    }

    [Fact]
    public void Typed_records_arrive_as_their_bytes_and_null_as_null() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer<int, string?> producer = world.Connect().CreateProducer<int, string?>();

            world.Finish(producer.ProduceAsync("t", 5, "five"));
            world.Finish(producer.ProduceAsync("t", 6, null));
            world.Finish(producer.ProduceAsync("t", new ProducerRecord<int, string?>(7, "") { Partition = 0, TimestampMs = 9 }));

            Assert.Equal(["00000005=66697665", "00000006=null", "00000007="], topic.Partitions[0].Batches.SelectMany(Texts));
        });

    [Fact]
    public void Records_that_wait_for_metadata_keep_the_bytes_that_they_were_given() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer<string, int> producer = world.Connect().CreateProducer<string, int>();

            List<Task<ProduceResult>> results =
            [
                .. Enumerable.Range(0, 20).Select(i => FakeCluster.Start(producer.ProduceAsync("t", $"key {i}", i))),
            ];
            results.ForEach(result => world.Finish(result));

            Assert.Equal(
                Enumerable.Range(0, 20).Select(i => $"{Convert.ToHexString(Encoding.UTF8.GetBytes($"key {i}"))}={i:X8}"),
                topic.Partitions[0].Batches.SelectMany(Texts)
            );
        });

    [Fact]
    public void A_serializer_that_fails_fails_its_record_with_topic_and_part() =>
        OneThread.Run(context =>
        {
            using FakeCluster world = new(context);
            FakeTopic topic = world.AddTopic("t");
            Producer<string, string> producer = world.Connect().CreateProducer<string, string>(null, new Failing());

            RecordSerializationException failure = Assert.Throws<RecordSerializationException>(() =>
                world.Finish(producer.ProduceAsync("t", "k", "v"))
            );

            Assert.Equal(("t", RecordPart.Value), (failure.Topic, failure.Part));
            Assert.Contains("the value of a record for topic 't' cannot be written by Failing: no such luck", failure.Message);
            Assert.Empty(topic.Partitions[0].Batches);
        });

    private static void AssertForm<T>(ISerde<T> form, T value, string hex, Func<T, T, bool>? equal = null)
    {
        ArrayBufferWriter<byte> written = new();
        Assert.True(form.Serialize(value, written, Value));
        Assert.Equal(hex, Convert.ToHexString(written.WrittenSpan));
        T read = Read(form, written.WrittenSpan.ToArray());
        Assert.True(
            equal?.Invoke(value, read)
                ?? (value is byte[] bytes ? bytes.AsSpan().SequenceEqual((byte[])(object)read!) : Equals(value, read))
        );
    }

    private static T Read<T>(IDeserializer<T> form, byte[] bytes) => form.Deserialize(new ReadOnlySequence<byte>(bytes), Value);

    private static ReadOnlySequence<byte> InPieces(byte[] bytes, int at)
    {
        Piece second = new(bytes.AsMemory(at), at, null);
        return new ReadOnlySequence<byte>(new Piece(bytes.AsMemory(0, at), 0, second), 0, second, bytes.Length - at);
    }

    private static IEnumerable<string> Texts(byte[] bytes)
    {
        RaftLog.Protocol.Records.RecordBatch.Read(bytes, out RaftLog.Protocol.Records.RecordBatch batch);
        using RaftLog.Protocol.Records.RecordSection section = RaftLog.Protocol.Records.RecordSection.Open(batch, 100_000);
        List<string> texts = [];
        foreach (RaftLog.Protocol.Records.Record record in section)
        {
            texts.Add($"{Convert.ToHexString(record.Key.Span)}={(record.Value.IsNull ? "null" : Convert.ToHexString(record.Value.Span))}");
        }

        return texts;
    }

    internal sealed record Order(string Item, int Count);

    [JsonSerializable(typeof(Order))]
    private sealed partial class Forms : JsonSerializerContext;

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> bytes, long at, Piece? next) => (Memory, RunningIndex, Next) = (bytes, at, next);
    }

    private sealed class Failing : ISerializer<string>
    {
        public bool Serialize(string value, IBufferWriter<byte> output, in SerializationContext context) =>
            throw new InvalidOperationException("no such luck");
    }
}
