using System.Text;
using RaftLog.Platform;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>What disks do to bytes at rest.</summary>
internal static class CorruptDisk
{
    /// <summary>Flips a bit of the byte where a text stands in a file for the first time, or so many bytes from there.</summary>
    public static void FlipBit(this InMemoryDisk disk, string path, string text, int from = 0)
    {
        using IDiskFile file = disk.OpenExisting(path)!;
        byte[] bytes = new byte[file.Length];
        file.Read(0, bytes);
        int at = bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text));
        Assert.True(at > 0);
        file.Write(at + from, [(byte)(bytes[at + from] ^ 1)]);
    }
}
