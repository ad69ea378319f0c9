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

    /// <summary>The table was printed by the classes of Kafka's own client 4.3.1: what each code's exception is an instance of.</summary>
    [Fact]
    public void Each_error_code_says_to_a_client_what_it_says_to_Kafkas()
    {
        HashSet<ErrorCode> seen = [];
        foreach (JsonElement row in Rows("errors.jsonl"))
        {
            ErrorCode code = (ErrorCode)row.GetProperty("code").GetInt16();
            Assert.True(Enum.IsDefined(code), $"{code} has no name");
            ErrorTrait expected = ErrorTrait.None;
            Add("retriable", ErrorTrait.Retriable);
            Add("refreshMetadata", ErrorTrait.NeedsMetadata);
            Add("abortable", ErrorTrait.NeedsAbort);
            Add("applicationRecoverable", ErrorTrait.NeedsRestart);
            Add("invalidConfiguration", ErrorTrait.NeedsChange);
            if (row.GetProperty("name").GetString() is "NOT_COORDINATOR" or "COORDINATOR_NOT_AVAILABLE")
            {
                expected |= ErrorTrait.NeedsCoordinator;
            }

            Assert.True(expected == code.Traits(), $"{code}: {expected} expected, not {code.Traits()}");
            seen.Add(code);

            void Add(string column, ErrorTrait trait) => expected |= row.GetProperty(column).GetBoolean() ? trait : ErrorTrait.None;
        }

        Assert.Equal(Enum.GetValues<ErrorCode>().ToHashSet(), seen);
    }

    private static IEnumerable<JsonElement> Rows(string file) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Golden", file)).Select(line => JsonDocument.Parse(line).RootElement);
}
