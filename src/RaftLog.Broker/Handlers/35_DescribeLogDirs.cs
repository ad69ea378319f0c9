using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Storage;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// DescribeLogDirs (35), versions 1 to 5: what lies in this node's log directories, and the space of their file systems (KIP-113, KIP-827).
/// </summary>
internal sealed class DescribeLogDirsHandler(IReadOnlyList<LogDirectory> directories, LogPlacement places)
    : IRequestHandler<DescribeLogDirsRequest, DescribeLogDirsResponse>
{
    private const string ClusterMetadataTopic = "__cluster_metadata";

    public ValueTask<DescribeLogDirsResponse?> HandleAsync(DescribeLogDirsRequest request, RequestContext context)
    {
        HashSet<TopicPartition>? asked = request.Topics is null
            ? null
            : [.. request.Topics.SelectMany(topic => topic.Partitions.Select(index => new TopicPartition(topic.Topic, index)))];
        DescribeLogDirsResponse response = new();
        response.Results.AddRange(directories.Select(directory => Describe(directory, asked)));
        return ValueTask.FromResult<DescribeLogDirsResponse?>(response);
    }

    private DescribeLogDirsResponse.DescribeLogDirsResult Describe(LogDirectory directory, HashSet<TopicPartition>? asked)
    {
        DescribeLogDirsResponse.DescribeLogDirsResult result = new() { LogDir = directory.Path, IsCordoned = places.IsCordoned(directory) };
        if (directory.Health.IsOffline || !TryMeasure(directory, result))
        {
            result.ErrorCode = ErrorCode.KafkaStorageError;
            return result;
        }

        IEnumerable<(PartitionLog Log, bool IsFuture)> all =
        [
            .. directory.Logs.Select(log => (log, false)),
            .. directory.Futures.All.Select(log => (log, true)),
        ];
        foreach (
            IGrouping<string, (PartitionLog Log, bool IsFuture)> topic in all.Where(each =>
                    each.Log.Partition.Topic != ClusterMetadataTopic && (asked is null || asked.Contains(each.Log.Partition))
                )
                .GroupBy(each => each.Log.Partition.Topic)
                .OrderBy(topic => topic.Key, StringComparer.Ordinal)
        )
        {
            result.Topics.Add(
                new()
                {
                    Name = topic.Key,
                    Partitions =
                    [
                        .. topic
                            .OrderBy(each => each.Log.Partition.Partition)
                            .Select(each => new DescribeLogDirsResponse.DescribeLogDirsPartition
                            {
                                PartitionIndex = each.Log.Partition.Partition,
                                PartitionSize = each.Log.SizeBytes,
                                OffsetLag = Math.Max(0, LagOf(each.Log, each.IsFuture)),
                                IsFutureKey = each.IsFuture,
                            }),
                    ],
                }
            );
        }

        return result;
    }

    /// <summary>What a replica has not of what is committed, or a copy of the log that it is a copy of.</summary>
    private long LagOf(PartitionLog log, bool isFuture) =>
        (
            isFuture
                ? directories.Select(each => each.Find(log.Partition)).FirstOrDefault(each => each is not null)?.EndOffset ?? log.EndOffset
                : log.HighWatermark
        ) - log.EndOffset;

    private bool TryMeasure(LogDirectory directory, DescribeLogDirsResponse.DescribeLogDirsResult result)
    {
        try
        {
            DiskSpace space = directory.Space();
            (result.TotalBytes, result.UsableBytes) = (space.TotalBytes, space.FreeBytes);
            return true;
        }
        catch (DiskException)
        {
            return false;
        }
    }
}
