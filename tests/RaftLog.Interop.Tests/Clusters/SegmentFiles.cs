using System.Security.Cryptography;
using RaftLog.Protocol.Records;
using Xunit.Sdk;

namespace RaftLog.Interop.Tests.Clusters;

/// <summary>Reads the segments of a replica from its node's directory, whether the node runs or not.</summary>
internal static class SegmentFiles
{
    /// <summary>The directory of a replica.</summary>
    public static string DirectoryOf(NodeProcess node, string topic, int partition)
    {
        string[] found = Directory.GetDirectories(node.Directory, $"{topic}-{partition}", SearchOption.AllDirectories);
        return found.Length == 1
            ? found[0]
            : throw new XunitException($"node {node.Id} has {found.Length} directories of {topic}-{partition}");
    }

    /// <summary>The files of a replica that end so, in the order of their offsets.</summary>
    public static IEnumerable<string> Of(string directory, string suffix) =>
        Directory.EnumerateFiles(directory, "*" + suffix).Order(StringComparer.Ordinal);

    /// <summary>The batches of a replica below an offset, each with a true checksum.</summary>
    public static List<StoredBatch> Read(NodeProcess node, string topic, int partition, long below = long.MaxValue)
    {
        List<StoredBatch> batches = [];
        foreach (string file in Of(DirectoryOf(node, topic, partition), ".log"))
        {
            RecordBatches all = new(File.ReadAllBytes(file));
            while (all.MoveNext() && all.Current.BaseOffset.Value < below)
            {
                RecordBatch batch = all.Current;
                if (!batch.HasValidChecksum)
                {
                    throw new XunitException($"node {node.Id}: {file} is damaged at byte {all.Position}");
                }

                batches.Add(
                    new StoredBatch(
                        batch.BaseOffset.Value,
                        batch.LastOffset.Value,
                        batch.Attributes.Compression,
                        Convert.ToHexString(SHA256.HashData(batch.Bytes))
                    )
                );
            }
        }

        return batches;
    }

    /// <summary>Fails unless all replicas hold the same batches, byte for byte, below the high watermark.</summary>
    public static void MustAgree(IReadOnlyList<NodeProcess> nodes, string topic, int partition, long highWatermark)
    {
        List<StoredBatch> first = Read(nodes[0], topic, partition, highWatermark);
        Assert.Equal(highWatermark, first.Count == 0 ? 0 : first[^1].LastOffset + 1);
        foreach (NodeProcess other in nodes.Skip(1))
        {
            Assert.Equal(first, Read(other, topic, partition, highWatermark));
        }
    }
}
