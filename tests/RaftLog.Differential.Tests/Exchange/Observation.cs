using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Exchange;

/// <summary>
/// What a node says of a life, as lines: records, offsets, look-ups by time, aborted transactions, producers, leader epochs, committed
/// offsets and transactions. What begins with <see cref="Own"/> is this node's own, such as the time of a marker, and differs between two
/// lives; everything else does not.
/// </summary>
internal static class Observation
{
    /// <summary>The beginning of lines that are no other life's.</summary>
    public const string Own = "own ";

    /// <summary>Asks everything.</summary>
    /// <param name="peer">The node.</param>
    /// <param name="start">The first timestamp of the life.</param>
    public static async Task<List<string>> OfAsync(Peer peer, long start)
    {
        List<string> lines = [];
        foreach (string topic in LifeTopics.All)
        {
            lines.Add($"topic {topic}");
            await AddOffsetsAsync(peer, topic, start, lines);
            (long first, long end) = (
                (await OffsetsAsync(peer, topic, -2, 0)).Offset.Value,
                (await OffsetsAsync(peer, topic, -1, 0)).Offset.Value
            );
            List<string> records = await BatchText.ReadAsync(peer, topic, first, end);
            lines.AddRange(records);
            SortedSet<int> epochs = await AddAbortedAsync(peer, topic, first, end, lines);
            await AddProducersAsync(peer, topic, lines);
            await AddEpochsAsync(peer, topic, epochs, lines);
        }

        await AddCommittedAsync(peer, lines);
        await AddTransactionsAsync(peer, lines);
        return lines;
    }

    /// <summary>Looks up an offset by time, which must be told.</summary>
    public static async Task<ListOffsetsResponse.PartitionData> OffsetsAsync(Peer peer, string topic, long time, sbyte isolation)
    {
        ListOffsetsResponse.PartitionData partition = await AskOffsetsAsync(peer, topic, time, isolation);
        Assert.Equal(ErrorCode.None, partition.ErrorCode);
        return partition;
    }

    /// <summary>Asks for an offset by time.</summary>
    public static async Task<ListOffsetsResponse.PartitionData> AskOffsetsAsync(Peer peer, string topic, long time, sbyte isolation)
    {
        ListOffsetsResponse response = await peer.AskAsync(
            new ListOffsetsRequest
            {
                ReplicaId = NodeId.None,
                IsolationLevel = isolation,
                Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = 0, Timestamp = time }] }],
            }
        );
        return response.Topics[0].Partitions[0];
    }

    private static async Task AddOffsetsAsync(Peer peer, string topic, long start, List<string> lines)
    {
        foreach (
            long time in (long[])
                [
                    -1,
                    -2,
                    -3,
                    0,
                    start - 1,
                    start,
                    start + 1,
                    start + 101,
                    start + 40_002,
                    start + 150_000,
                    start + 299_999,
                    start + 350_000,
                    long.MaxValue,
                ]
        )
        {
            ListOffsetsResponse.PartitionData found = await OffsetsAsync(peer, topic, time, 0);
            bool isOwn = found.Timestamp > start + 1_000_000;
            lines.Add($"{(isOwn ? Own : "")}time {(time < start ? time : time - start)}: {found.Offset} at {found.Timestamp}");
            if (time != -1)
            {
                lines.Add($"{Own}time {time}: epoch {found.LeaderEpoch}");
            }
        }

        lines.Add($"stable: {(await OffsetsAsync(peer, topic, -1, 1)).Offset}");
    }

    /// <summary>Of each batch, the aborted transactions that a reader of it must know, and its leader epoch.</summary>
    private static async Task<SortedSet<int>> AddAbortedAsync(Peer peer, string topic, long first, long end, List<string> lines)
    {
        SortedSet<int> epochs = [];
        Offset next = new(first);
        while (next.Value < end)
        {
            FetchResponse response = await BatchText.FetchAsync(peer, topic, next, isolation: 1);
            FetchResponse.PartitionData partition = response.Responses[0].Partitions[0];
            RecordBatches batches = new((partition.Records ?? default).Span);
            if (!batches.MoveNext())
            {
                lines.Add($"committed from {next}: nothing, stable {partition.LastStableOffset}");
                break;
            }

            Offset last = batches.Current.LastOffset;
            next = batches.Current.NextOffset;
            epochs.Add(batches.Current.PartitionLeaderEpoch.Value);
            lines.Add($"{Own}epoch of {batches.Current.BaseOffset}: {batches.Current.PartitionLeaderEpoch}");
            IEnumerable<string> aborted = (partition.AbortedTransactions ?? [])
                .Where(each => each.FirstOffset <= last)
                .Select(each => $"{each.ProducerId} since {each.FirstOffset}");
            lines.Add(
                $"committed to {last}: start {partition.LogStartOffset} stable {partition.LastStableOffset} aborted "
                    + $"{string.Join(", ", aborted)}"
            );
        }

        return epochs;
    }

    private static async Task AddProducersAsync(Peer peer, string topic, List<string> lines)
    {
        DescribeProducersResponse response = await peer.AskAsync(
            new DescribeProducersRequest { Topics = [new() { Name = topic, PartitionIndexes = [0] }] }
        );
        foreach (
            DescribeProducersResponse.ProducerDescription producer in response
                .Topics[0]
                .Partitions[0]
                .ActiveProducers.OrderBy(each => each.ProducerId.Value)
        )
        {
            lines.Add(
                $"producer {producer.ProducerId}: epoch {producer.ProducerEpoch} sequence {producer.LastSequence} open since "
                    + $"{producer.CurrentTxnStartOffset}"
            );
            lines.Add($"{Own}producer {producer.ProducerId}: {producer.LastTimestamp} coordinator {producer.CoordinatorEpoch}");
        }
    }

    private static async Task AddEpochsAsync(Peer peer, string topic, SortedSet<int> epochs, List<string> lines)
    {
        foreach (int epoch in epochs)
        {
            OffsetForLeaderEpochResponse response = await peer.AskAsync(
                new OffsetForLeaderEpochRequest
                {
                    ReplicaId = NodeId.None,
                    Topics = [new() { Topic = topic, Partitions = [new() { Partition = 0, LeaderEpoch = new(epoch) }] }],
                }
            );
            OffsetForLeaderEpochResponse.EpochEndOffset end = response.Topics[0].Partitions[0];
            lines.Add($"{Own}epoch {epoch}: {end.LeaderEpoch} ends at {end.EndOffset}");
        }
    }

    private static async Task AddCommittedAsync(Peer peer, List<string> lines)
    {
        await Coordinators.UntilKnownAsync(peer, Life.Group);
        OffsetFetchResponse response = await peer.AskAsync(
            new OffsetFetchRequest { Groups = [new() { GroupId = Life.Group, Topics = null }] },
            9
        );
        lines.AddRange(
            from topic in response.Groups[0].Topics
            from partition in topic.Partitions
            orderby topic.Name
            select $"group {topic.Name}: {partition.CommittedOffset} {partition.Metadata}"
        );
    }

    private static async Task AddTransactionsAsync(Peer peer, List<string> lines)
    {
        foreach (string id in Life.TransactionalIds)
        {
            DescribeTransactionsResponse.DescribedTransaction state = await Poll.ForAsync(
                $"{peer.Name} knows {id}",
                async () =>
                {
                    DescribeTransactionsResponse response = await peer.AskAsync(
                        new DescribeTransactionsRequest { TransactionalIds = [id] }
                    );
                    return response.TransactionStates[0].ErrorCode == ErrorCode.None ? response.TransactionStates[0] : null;
                }
            );
            string topics = string.Join(", ", state.Topics.Select(topic => $"{topic.Topic} {string.Join(' ', topic.Partitions)}"));
            lines.Add(
                $"transaction {id}: {state.TransactionState} {state.TransactionTimeoutMs} producer {state.ProducerId} "
                    + $"{state.ProducerEpoch} in {topics}"
            );
            lines.Add($"{Own}transaction {id}: since {state.TransactionStartTimeMs}");
        }
    }
}
