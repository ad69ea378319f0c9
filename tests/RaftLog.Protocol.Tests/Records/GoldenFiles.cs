using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace RaftLog.Protocol.Tests.Records;

/// <summary>Reads the golden files beside this source: one JSON object a line, gzipped.</summary>
internal static class GoldenFiles
{
    public static List<JsonElement> Lines(string name, [CallerFilePath] string here = "")
    {
        using FileStream file = File.OpenRead(Path.Combine(Path.GetDirectoryName(here)!, "Golden", name));
        using StreamReader text = new(new GZipStream(file, CompressionMode.Decompress));
        List<JsonElement> lines = [];
        while (text.ReadLine() is { } line)
        {
            lines.Add(JsonDocument.Parse(line).RootElement);
        }

        return lines;
    }
}
