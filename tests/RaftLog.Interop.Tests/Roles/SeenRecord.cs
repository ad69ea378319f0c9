using System.Globalization;

namespace RaftLog.Interop.Tests.Roles;

/// <summary>A record as a client has told it.</summary>
/// <param name="Partition">Its partition.</param>
/// <param name="Offset">Its offset.</param>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its number.</param>
internal readonly record struct SeenRecord(int Partition, long Offset, string Key, int Value)
{
    /// <summary>The records in what a program has said so far; a last line that is still on its way is left out.</summary>
    public static List<SeenRecord> In(string said)
    {
        List<SeenRecord> records = [];
        foreach (string line in said.Split('\n')[..^1])
        {
            string[] cells = line.Split(' ');
            records.Add(
                new(
                    int.Parse(cells[0], CultureInfo.InvariantCulture),
                    long.Parse(cells[1], CultureInfo.InvariantCulture),
                    cells[2],
                    int.Parse(cells[3], CultureInfo.InvariantCulture)
                )
            );
        }

        return records;
    }
}
