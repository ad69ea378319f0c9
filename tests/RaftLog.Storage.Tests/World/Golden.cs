using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using RaftLog.Platform;

namespace RaftLog.Storage.Tests;

/// <summary>Files that Apache Kafka 4.3.1 wrote, and what its readers saw.</summary>
internal static class Golden
{
    public static readonly string[] Partitions =
    [
        "appendtime-0",
        "codec-none-0",
        "codec-zstd-0",
        "compacted-0",
        "deleted-0",
        "empty-0",
        "grouped-0",
        "tx-0",
    ];

    public static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", name);

    /// <summary>Unpacks a log directory into a disk.</summary>
    public static CrashDisk Unpack(string archive)
    {
        var disk = new CrashDisk();
        using FileStream packed = File.OpenRead(PathOf(archive));
        using var unzipped = new GZipStream(packed, CompressionMode.Decompress);
        using var tar = new TarReader(unzipped);
        while (tar.GetNextEntry() is { } entry)
        {
            string path = $"{Node.Root}/{entry.Name["./".Length..]}";
            if (entry.EntryType == TarEntryType.Directory)
            {
                disk.CreateDirectory(path);
            }
            else
            {
                var content = new MemoryStream();
                entry.DataStream?.CopyTo(content);
                using IDiskFile file = disk.OpenOrCreate(path);
                file.Write(0, content.ToArray());
            }
        }

        return disk;
    }

    public static List<JsonElement> Lines(string name)
    {
        string path = PathOf(name);
        using Stream file = File.OpenRead(path);
        using Stream plain = name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(plain);
        List<JsonElement> lines = [];
        while (reader.ReadLine() is { Length: > 0 } line)
        {
            lines.Add(JsonDocument.Parse(line).RootElement.Clone());
        }

        return lines;
    }
}
