using System.Text.Json;
using RaftLog.Broker.Coordination;
using RaftLog.Broker.Tests.Configuration;

namespace RaftLog.Broker.Tests.Coordination;

/// <summary>The partitions of keys, beside a table that Kafka 4.3.1 has made.</summary>
public sealed class CoordinatorKeysTests
{
    [Fact]
    public void Keys_lie_where_Kafka_looks_for_them()
    {
        List<JsonElement> golden = RepositoryFiles.Golden("coordinator-partition.jsonl.gz");
        Assert.All(
            golden,
            row => Assert.Equal(row.GetProperty("of50").GetInt32(), CoordinatorKeys.PartitionOf(row.GetProperty("id").GetString()!, 50))
        );
        Assert.NotEmpty(golden);
    }

    // Its hash is -2^31, which has no positive counterpart.
    [Fact]
    public void The_smallest_hash_counts_as_zero() => Assert.Equal(0, CoordinatorKeys.PartitionOf("polygenelubricants", 50));
}
