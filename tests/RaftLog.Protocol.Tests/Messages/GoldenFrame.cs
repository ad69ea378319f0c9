using System.IO.Compression;
using System.Text.Json;

namespace RaftLog.Protocol.Tests.Messages;

/// <summary>One message that Kafka's classes encoded.</summary>
/// <param name="Message">The message's name.</param>
/// <param name="Version">The version.</param>
/// <param name="Case">How it was filled.</param>
/// <param name="Fields">What it says.</param>
/// <param name="Bytes">How that looks on the wire.</param>
internal sealed record GoldenFrame(string Message, short Version, string Case, JsonElement Fields, byte[] Bytes)
{
    private static readonly Lazy<ILookup<string, GoldenFrame>> Frames = new(() =>
        Load().ToLookup(frame => frame.Message, StringComparer.Ordinal)
    );

    /// <summary>All frames of one message.</summary>
    public static IEnumerable<GoldenFrame> Of(string message) => Frames.Value[message];

    public override string ToString() => $"{Message} v{Version} {Case}";

    private static IEnumerable<GoldenFrame> Load()
    {
        using Stream file = typeof(GoldenFrame).Assembly.GetManifestResourceStream("Golden/Messages.jsonl.gz")!;
        using StreamReader text = new(new GZipStream(file, CompressionMode.Decompress));
        while (text.ReadLine() is { } line)
        {
            JsonElement frame = JsonDocument.Parse(line).RootElement;
            yield return new GoldenFrame(
                frame.GetProperty("message").GetString()!,
                frame.GetProperty("version").GetInt16(),
                frame.GetProperty("case").GetString()!,
                frame.GetProperty("json"),
                Convert.FromHexString(frame.GetProperty("hex").GetString()!)
            );
        }
    }
}
