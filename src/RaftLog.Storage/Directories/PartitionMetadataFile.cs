using System.Text;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>Which topic a log belongs to: <c>partition.metadata</c> (KIP-516).</summary>
internal static class PartitionMetadataFile
{
    private const string Prefix = "version: 0\ntopic_id: ";

    /// <summary>The topic's id; zero where the file is absent, empty or damaged.</summary>
    public static Uuid Read(IDisk disk, string directory)
    {
        if (AtomicFile.Read(disk, $"{directory}/{LogFileNames.PartitionMetadata}") is not { } bytes)
        {
            return Uuid.Zero;
        }

        string text = Encoding.UTF8.GetString(bytes).TrimEnd('\n');
        return text.StartsWith(Prefix, StringComparison.Ordinal) && Uuid.TryParse(text[Prefix.Length..], out Uuid id) ? id : Uuid.Zero;
    }

    /// <summary>
    /// The topic's id, after an unclean stop. The page cache may show what a flush that failed has lost for the medium, and no later flush
    /// would bring it there: what is gone when the cache is dropped is written again.
    /// </summary>
    public static async ValueTask<Uuid> RecoverAsync(IDisk disk, string directory)
    {
        Uuid id = Read(disk, directory);
        if (id != Uuid.Zero)
        {
            using (IDiskFile? file = disk.OpenExisting($"{directory}/{LogFileNames.PartitionMetadata}"))
            {
                file?.DropCache();
            }

            if (Read(disk, directory) != id)
            {
                await AtomicFile.WriteAsync(disk, directory, LogFileNames.PartitionMetadata, Encoding.UTF8.GetBytes(Prefix + id));
            }
        }

        return id;
    }

    /// <summary>Writes the file; the caller has it flushed.</summary>
    public static IDiskFile Write(IDisk disk, string directory, Uuid topicId)
    {
        AtomicFile.WriteUnflushed(disk, directory, LogFileNames.PartitionMetadata, Encoding.UTF8.GetBytes(Prefix + topicId));
        return disk.OpenOrCreate($"{directory}/{LogFileNames.PartitionMetadata}");
    }
}
