using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace RaftLog.Broker.Tests.Configuration;

/// <summary>Files of the repository that tests read, found from the place of this source.</summary>
internal static class RepositoryFiles
{
    public static string Root => Path.GetFullPath(Path.Combine(Here(), "..", "..", ".."));

    public static List<JsonElement> Golden(string name)
    {
        using FileStream file = File.OpenRead(Path.Combine(Here(), "Golden", name));
        using StreamReader text = new(new GZipStream(file, CompressionMode.Decompress));
        List<JsonElement> lines = [];
        while (text.ReadLine() is { } line)
        {
            lines.Add(JsonDocument.Parse(line).RootElement);
        }

        return lines;
    }

    private static string Here([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}
