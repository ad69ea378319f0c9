using RaftLog.Platform;

namespace RaftLog.TestKit;

/// <summary>What people and disks do to files at rest.</summary>
public static class Damages
{
    private const byte Bit = 0x10;

    /// <summary>Each kind of damage, and what it makes of a file's bytes; null where the file is gone.</summary>
    public static IReadOnlyList<(string How, Func<byte[], byte[]?> Change)> All { get; } =
    [
        ("emptied", static _ => []),
        ("cut in half", static bytes => bytes[..(bytes.Length / 2)]),
        ("cut by a byte", static bytes => bytes[..Math.Max(0, bytes.Length - 1)]),
        ("with a byte more", static bytes => [.. bytes, 7]),
        ("removed", static _ => null),
        ("flipped at its start", static bytes => Flipped(bytes, 0)),
        ("flipped in the middle", static bytes => Flipped(bytes, bytes.Length / 2)),
        ("flipped at its end", static bytes => Flipped(bytes, bytes.Length - 1)),
    ];

    /// <summary>The bytes with one bit flipped; as they are where there is no such byte.</summary>
    public static byte[] Flipped(byte[] bytes, int at)
    {
        byte[] flipped = [.. bytes];
        if (at >= 0 && at < flipped.Length)
        {
            flipped[at] ^= Bit;
        }

        return flipped;
    }

    /// <summary>Bits anywhere in a file that are flipped, the same each time.</summary>
    public static IEnumerable<(string How, Func<byte[], byte[]?> Change)> RandomFlips(string path, int count)
    {
        Random random = new(path.Aggregate(17, static (hash, letter) => (hash * 31) + letter));
        for (int i = 0; i < count; i++)
        {
            double place = random.NextDouble();
            int bit = random.Next(8);
            yield return (
                $"bit {bit} flipped at {place:P2}",
                bytes =>
                {
                    byte[] flipped = [.. bytes];
                    if (flipped.Length > 0)
                    {
                        flipped[(int)(place * flipped.Length)] ^= (byte)(1 << bit);
                    }

                    return flipped;
                }
            );
        }
    }

    /// <summary>Does one of them to a file.</summary>
    public static void Do(IDisk disk, string path, Func<byte[], byte[]?> change)
    {
        byte[] bytes;
        using (IDiskFile file = disk.OpenExisting(path)!)
        {
            bytes = new byte[file.Length];
            file.Read(0, bytes);
        }

        disk.DeleteFile(path);
        if (change(bytes) is { } changed)
        {
            using IDiskFile file = disk.OpenOrCreate(path);
            file.Write(0, changed);
        }
    }
}
