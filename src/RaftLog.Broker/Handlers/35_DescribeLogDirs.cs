using RaftLog.Broker.Requests;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Storage;

namespace RaftLog.Broker.Handlers;

/// <summary>DescribeLogDirs (35), versions 1 to 5: what lies in this node's log directories, and the space of their file systems (KIP-113, KIP-827).</summary>
internal sealed class DescribeLogDirsHandler(IReadOnlyList<LogDirectory> directories, IDisk disk)
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
        DescribeLogDirsResponse.DescribeLogDirsResult result = new() { LogDir = directory.Path };
        if (directory.Health.IsOffline || !TryMeasure(directory, result))
        {
            result.ErrorCode = ErrorCode.KafkaStorageError;
            return result;
        }

        foreach (IGrouping<string, PartitionLog> topic in directory.Logs
            .Where(log => log.Partition.Topic != ClusterMetadataTopic && (asked is null || asked.Contains(log.Partition)))
            .GroupBy(log => log.Partition.Topic)
            .OrderBy(topic => topic.Key, StringComparer.Ordinal))
        {
            result.Topics.Add(new()
            {
                Name = topic.Key,
                Partitions =
                [
                    .. topic.OrderBy(log => log.Partition.Partition).Select(log => new DescribeLogDirsResponse.DescribeLogDirsPartition
                    {
                        PartitionIndex = log.Partition.Partition,
                        PartitionSize = log.SizeBytes,
                        OffsetLag = Math.Max(0, log.HighWatermark - log.EndOffset),
                    }),
                ],
            });
        }

        return result;
    }

    private bool TryMeasure(LogDirectory directory, DescribeLogDirsResponse.DescribeLogDirsResult result)
    {
        try
        {
            DiskSpace space = disk.Space(directory.Path);
            (result.TotalBytes, result.UsableBytes) = (space.TotalBytes, space.FreeBytes);
            return true;
        }
        catch (DiskException)
        {
            return false;
        }
    }
}
