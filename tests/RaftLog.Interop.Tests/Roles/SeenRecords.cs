using Xunit.Sdk;

namespace RaftLog.Interop.Tests.Roles;

/// <summary>What members have read of a topic, and what must hold for it.</summary>
internal static class SeenRecords
{
    /// <summary>How many different places of the topic have been read.</summary>
    public static int CountPlaces(params Command[] members) =>
        Of(members).Select(record => (record.Partition, record.Offset)).Distinct().Count();

    /// <summary>All that was read, a record that was read again included.</summary>
    public static IEnumerable<SeenRecord> Of(params Command[] members) => members.SelectMany(member => SeenRecord.In(member.Said));

    /// <summary>
    /// Every value from 0 stands in the topic once, values of a key are in one partition and in order. That a record is read again is
    /// allowed: its commit was lost with its member or the coordinator; then it must be the same record.
    /// </summary>
    public static void MustBeWhole(IEnumerable<SeenRecord> records, int count)
    {
        Dictionary<(int Partition, long Offset), SeenRecord> places = [];
        foreach (SeenRecord record in records)
        {
            if (places.GetValueOrDefault((record.Partition, record.Offset), record) is var before && before != record)
            {
                throw new XunitException($"one place was read as {before} and as {record}");
            }

            places[(record.Partition, record.Offset)] = record;
        }

        int[] seen = new int[count];
        Dictionary<string, SeenRecord> last = [];
        foreach (SeenRecord record in places.Values.OrderBy(each => each.Partition).ThenBy(each => each.Offset))
        {
            seen[record.Value]++;
            if (
                last.TryGetValue(record.Key, out SeenRecord earlier)
                && (earlier.Partition != record.Partition || earlier.Value >= record.Value)
            )
            {
                throw new XunitException($"the key's order is broken: {record} follows {earlier}");
            }

            last[record.Key] = record;
        }

        int absent = seen.Count(times => times == 0);
        int repeated = seen.Count(times => times > 1);
        if (absent + repeated > 0)
        {
            throw new XunitException(
                $"{absent} values are absent, the first is {Array.IndexOf(seen, 0)}; {repeated} stand there more than once, the first "
                    + $"is {Array.FindIndex(seen, times => times > 1)}"
            );
        }
    }
}
