using System.Buffers;
using System.Text;
using System.Text.Json;
using RaftLog.Protocol;

namespace RaftLog.Checking.Tests;

/// <summary>Histories on disk.</summary>
public sealed class HistoryLineTests
{
    private static readonly TopicPartition Zero = new("t", 0);

    private static readonly HistoryEvent[] Run =
    [
        new(1, 3, 1, EventType.Invoke, HistoryFunction.Send) { Partition = Zero, Value = new RecordValue(long.MaxValue) },
        new(2, 3, 2, EventType.Invoke, HistoryFunction.Send)
        {
            Partition = Zero,
            Value = new RecordValue(8),
            Flavour = SendFlavour.Control,
        },
        new(3, 3, 1, EventType.Ok, HistoryFunction.Send) { Partition = Zero, Offset = new Offset(5) },
        new(4, 3, 2, EventType.Info, HistoryFunction.Send) { Note = "a timeout: \"nobody\" answered" },
        new(5, 4, 3, EventType.Ok, HistoryFunction.Poll)
        {
            Partition = Zero,
            HighWatermark = new Offset(7),
            Epoch = new LeaderEpoch(3),
            Records = [new PolledRecord(new Offset(5), new RecordValue(long.MaxValue), new LeaderEpoch(2))],
        },
        new(6, 9, 4, EventType.Invoke, HistoryFunction.End) { Partition = Zero },
        new(7, 9, 4, EventType.Ok, HistoryFunction.End) { Partition = Zero, Offset = new Offset(6) },
        new(8, 9, 5, EventType.Ok, HistoryFunction.Leader)
        {
            Partition = Zero,
            Epoch = new LeaderEpoch(2),
            Node = new NodeId(1),
        },
        new(9, 6, 6, EventType.Invoke, HistoryFunction.Metadata)
        {
            Topic = "m",
            Action = MetadataAction.Grow,
            Node = new NodeId(2),
            State = new TopicState(true, 4, 0),
        },
        new(10, 6, 6, EventType.Fail, HistoryFunction.Metadata) { Note = "InvalidPartitions" },
        new(11, 0, 7, EventType.Invoke, HistoryFunction.Fault) { Note = "kill -9 of node 1", Node = new NodeId(1) },
        new(12, 0, 8, EventType.Ok, HistoryFunction.Promise) { Promise = (500, 100) },
        new(13, 8, 9, EventType.Ok, HistoryFunction.Final)
        {
            Partition = Zero,
            Records = [new PolledRecord(new Offset(5), new RecordValue(long.MaxValue), new LeaderEpoch(2))],
        },
        new(14, 8, 10, EventType.Ok, HistoryFunction.FinalRead),
    ];

    [Fact]
    public void A_line_is_read_as_it_was_written()
    {
        foreach (HistoryEvent entry in Run)
        {
            HistoryEvent read = HistoryLine.Read(Write(entry));
            Assert.Equal(entry.Records, read.Records);
            Assert.Equal(entry, read with { Records = entry.Records });
        }
    }

    [Fact]
    public void Groups_and_transactions_are_read_as_they_were_written()
    {
        History written = LogModel.Of([]);

        History read = HistoryReader.Read([.. CoordinatedEvents.Of(written).Select(each => HistoryLine.Read(Write(each)))]);

        Assert.NotEmpty(written.Offsets);
        Assert.Equal(written.Sessions, read.Sessions);
        Assert.Equal(written.Transactions, read.Transactions);
        Assert.Equal(written.Offsets, read.Offsets);
        Assert.Equal(written.Ownerships, read.Ownerships);
        Assert.Equal(written.StableEnds, read.StableEnds);
        Assert.Equal(Assert.Single(written.Pipelines).Committed, Assert.Single(read.Pipelines).Committed);
    }

    [Fact]
    public void A_record_of_a_transaction_is_read_as_it_was_written()
    {
        SentRecord written = LogModel.Of([]).Sends.First(each => each.Source is not null);

        History read = HistoryReader.Read([
            HistoryLine.Read(
                Write(
                    new HistoryEvent(1, 3, 1, EventType.Invoke, HistoryFunction.Send)
                    {
                        Partition = written.Partition,
                        Value = written.Value,
                        Transaction = written.Transaction,
                        Amount = -5,
                        Source = written.Source,
                    }
                )
            ),
        ]);

        SentRecord sent = Assert.Single(read.Sends);
        Assert.Equal((written.Transaction, -5, written.Source), (sent.Transaction, sent.Amount, sent.Source));
    }

    [Fact]
    public void A_line_is_plain_json() =>
        Assert.Equal(
            """{"t":3,"p":3,"op":1,"type":"ok","f":"send","topic":"t","partition":0,"offset":5}""",
            Encoding.UTF8.GetString(Write(Run[2]).Span)
        );

    [Theory]
    [InlineData("""{"t":3,"p":3,"op":1,"type":"maybe","f":"send"}""")]
    [InlineData("""{"t":3,"p":3,"op":1,"type":"ok"}""")]
    [InlineData("""{"p":3,"op":1,"type":"ok","f":"send"}""")]
    public void What_is_no_line_of_a_history_is_rejected(string line) =>
        Assert.Throws<FormatException>(() => HistoryLine.Read(Encoding.UTF8.GetBytes(line)));

    [Fact]
    public void What_is_no_json_is_rejected() => Assert.ThrowsAny<JsonException>(() => HistoryLine.Read("{\"t\":"u8.ToArray()));

    [Fact]
    public void Events_become_operations()
    {
        History history = HistoryReader.Read(Run);

        Assert.Equal(
            [
                new SentRecord(3, Zero, new RecordValue(long.MaxValue), SendOutcome.Acknowledged, new Offset(5))
                {
                    InvokedUs = 1,
                    CompletedUs = 3,
                },
                new SentRecord(3, Zero, new RecordValue(8), SendOutcome.Unknown, Offset.None) { InvokedUs = 2, IsControl = true },
            ],
            history.Sends
        );
        Assert.Equal(
            new SeenRecord(4, Zero, new Offset(5), new RecordValue(long.MaxValue))
            {
                Epoch = new LeaderEpoch(2),
                Poll = 1,
                AtUs = 5,
            },
            Assert.Single(history.Seen)
        );
        Assert.Equal(new SeenEnd(Zero, new Offset(6), 6, 7), Assert.Single(history.Ends));
        Assert.Equal(new SeenHighWatermark(4, Zero, new LeaderEpoch(3), new Offset(7)), Assert.Single(history.HighWatermarks));
        Assert.Equal(new SeenLeader(Zero, new LeaderEpoch(2), new NodeId(1)), Assert.Single(history.Leaders));
        Assert.Equal(
            new MetadataOperation(new NodeId(2), "m", MetadataAction.Grow, new TopicState(true, 4, 0), SendOutcome.Rejected, 9, 10),
            Assert.Single(history.Metadata)
        );
        Assert.Equal(new AvailabilityPromise(12, 500, 100), Assert.Single(history.Promises));
        Assert.Single(history.Final);
        Assert.True(history.IsFinalComplete);
    }

    [Fact]
    public void An_operation_without_an_end_has_an_unknown_outcome()
    {
        History history = HistoryReader.Read(Run.Where(each => each.Type == EventType.Invoke));

        Assert.All(history.Sends, each => Assert.Equal(SendOutcome.Unknown, each.Outcome));
        Assert.All(history.Metadata, each => Assert.Null(each.CompletedUs));
    }

    private static ReadOnlyMemory<byte> Write(HistoryEvent entry)
    {
        ArrayBufferWriter<byte> bytes = new();
        HistoryLine.Write(entry, bytes);
        return bytes.WrittenMemory;
    }
}
