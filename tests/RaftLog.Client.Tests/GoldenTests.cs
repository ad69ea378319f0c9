using System.Text.Json;
using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Client.Tests;

public class GoldenTests
{
    [Fact]
    public void Keys_go_to_the_partitions_that_the_Java_client_chooses()
    {
        int checkedKeys = 0;
        foreach (JsonElement row in Rows("partitioner.jsonl"))
        {
            byte[] key = Convert.FromHexString(row.GetProperty("key").GetString()!);
            Assert.Equal(row.GetProperty("murmur2").GetInt32(), Murmur2.Hash(key));
            foreach (JsonProperty partition in row.GetProperty("partition").EnumerateObject())
            {
                Assert.Equal(partition.Value.GetInt32(), Murmur2.Partition(key, int.Parse(partition.Name)));
            }

            checkedKeys++;
        }

        Assert.True(checkedKeys > 100);
    }

    [Fact]
    public void Errors_are_retriable_where_Kafka_says_so()
    {
        foreach (JsonElement row in Rows("errors.jsonl"))
        {
            ErrorCode code = (ErrorCode)row.GetProperty("code").GetInt16();
            Assert.True(Enum.IsDefined(code), $"{code} has no name");
            Assert.True(row.GetProperty("retriable").GetBoolean() == code.IsRetriable(), $"{code} is retriable");
            Assert.True(row.GetProperty("refreshMetadata").GetBoolean() == code.NeedsMetadataRefresh(), $"{code} asks for metadata");
        }
    }

    private static IEnumerable<JsonElement> Rows(string file) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Golden", file)).Select(line => JsonDocument.Parse(line).RootElement);
}
