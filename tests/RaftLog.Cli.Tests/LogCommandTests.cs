using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;

namespace RaftLog.Cli.Tests;

/// <summary><c>raftlog log</c> over a directory that Apache Kafka 4.3.1 wrote.</summary>
[Collection(ConsoleCollection.Name)]
public sealed class LogCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("raftlog-cli-").FullName;

    public LogCommandTests()
    {
        using FileStream packed = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Golden", "clean-stop.tar.gz"));
        using GZipStream unzipped = new(packed, CompressionMode.Decompress);
        TarFile.ExtractToDirectory(unzipped, _directory, overwriteFiles: true);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Dump_prints_what_Kafkas_dump_log_prints()
    {
        int compared = 0;
        foreach ((string file, List<string> expected) in Golden())
        {
            (int code, string output, _) = await Captured.RunAsync("log", "dump", Path.Combine(_directory, file));
            Assert.Equal(0, code);
            string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[1..];
            Assert.Equal(expected.Count, lines.Length);
            for (int i = 0; i < lines.Length; i++)
            {
                AssertSame(expected[i], lines[i]);
                compared++;
            }
        }

        Assert.True(compared > 500);
    }

    [Fact]
    public async Task Dump_as_json_is_one_object_a_line()
    {
        (int code, string output, _) = await Captured.RunAsync(
            "log",
            "dump",
            "--json",
            Path.Combine(_directory, "tx-0", "00000000000000000010.log"),
            Path.Combine(_directory, "replication-offset-checkpoint")
        );
        Assert.Equal(0, code);
        List<JsonElement> lines =
        [
            .. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement),
        ];
        Assert.Equal(["batch", "entry", "file", "record"], lines.Select(line => line.GetProperty("kind").GetString()).Distinct().Order());
        JsonElement batch = lines.First(line => line.GetProperty("kind").GetString() == "batch");
        Assert.Equal((10, true), (batch.GetProperty("baseOffset").GetInt64(), batch.GetProperty("isvalid").GetBoolean()));
    }

    [Fact]
    public async Task Dump_names_what_is_wrong_and_fails()
    {
        string file = Path.Combine(_directory, "tx-0", "00000000000000000010.log");
        byte[] bytes = await File.ReadAllBytesAsync(file);
        bytes[100] ^= 1;
        await File.WriteAllBytesAsync(file, bytes[..^3]);
        (int code, string output, _) = await Captured.RunAsync("log", "dump", file);
        Assert.Equal(1, code);
        Assert.Contains("does not match its checksum", output);
        Assert.Contains("bytes follow that are no whole batch", output);

        (int unknown, _, string error) = await Captured.RunAsync("log", "dump", Path.Combine(_directory, "meta.properties"));
        Assert.Equal(1, unknown);
        Assert.Contains("its name says no kind of file", error);
    }

    [Fact]
    public async Task Verify_names_what_is_damaged_and_repairs_only_when_asked()
    {
        string log = Path.Combine(_directory, "tx-0");
        string index = Path.Combine(log, "00000000000000000010.txnindex");
        (int sound, string nothing, _) = await Captured.RunAsync("log", "verify", log);
        Assert.Equal(0, sound);
        Assert.Contains("1 logs read, 0 findings", nothing);

        byte[] bytes = await File.ReadAllBytesAsync(index);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(index, bytes);
        (int found, string said, _) = await Captured.RunAsync("log", "verify", log);
        Assert.Equal(1, found);
        Assert.Contains("txnindex: it tells of", said);
        Assert.True(File.Exists(index));

        (_, string repaired, _) = await Captured.RunAsync("log", "verify", "--repair", log);
        Assert.Contains("txnindex: removed", repaired);
        Assert.False(File.Exists(index));
    }

    [Fact]
    public async Task Storage_info_shows_the_sizes_of_topics()
    {
        string properties = Path.Combine(_directory, "node.properties");
        await File.WriteAllTextAsync(
            properties,
            $"node.id=1\nprocess.roles=broker,controller\ncontroller.listener.names=CONTROLLER\n"
                + $"listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093\n"
                + $"controller.quorum.voters=1@127.0.0.1:9093\nlog.dirs={_directory}\n"
        );
        (_, string said, _) = await Captured.RunAsync("storage", "info", "--config", properties);
        long bytes = Directory.GetFiles(Path.Combine(_directory, "tx-0"), "*.log").Sum(file => new FileInfo(file).Length);
        Assert.Matches($@"(?m)^tx +1 +{bytes}$", said);
    }

    /// <summary>JSON of ours has every field of a message, Kafka's only those of its version.</summary>
    private static void AssertSame(string expected, string actual)
    {
        (string text, List<JsonElement> json) = Split(expected);
        (string ourText, List<JsonElement> ourJson) = Split(actual);
        Assert.Equal(text, ourText);
        foreach ((JsonElement each, JsonElement ours) in json.Zip(ourJson))
        {
            AssertContains(each, ours);
        }
    }

    private static (string Text, List<JsonElement> Json) Split(string line)
    {
        List<JsonElement> json = [];
        string text = "";
        string rest = line;
        for (int at = rest.IndexOf(": {\"", StringComparison.Ordinal); at >= 0; at = rest.IndexOf(": {\"", StringComparison.Ordinal))
        {
            text += rest[..at];
            rest = rest[(at + 2)..];
            Utf8JsonReader reader = new(System.Text.Encoding.UTF8.GetBytes(rest), isFinalBlock: false, default);
            json.Add(JsonDocument.ParseValue(ref reader).RootElement);
            rest = rest[(int)reader.BytesConsumed..];
        }

        return (text + rest, json);
    }

    private static void AssertContains(JsonElement expected, JsonElement actual)
    {
        switch (expected.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty property in expected.EnumerateObject())
                {
                    AssertContains(property.Value, actual.GetProperty(property.Name));
                }

                break;
            case JsonValueKind.Array:
                Assert.Equal(expected.GetArrayLength(), actual.GetArrayLength());
                foreach ((JsonElement item, JsonElement ours) in expected.EnumerateArray().Zip(actual.EnumerateArray()))
                {
                    AssertContains(item, ours);
                }

                break;
            default:
                Assert.Equal(expected.GetRawText(), actual.GetRawText());
                break;
        }
    }

    private static IEnumerable<(string File, List<string> Lines)> Golden()
    {
        using FileStream packed = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Golden", "kafka-dump-log.txt.gz"));
        using StreamReader reader = new(new GZipStream(packed, CompressionMode.Decompress));
        string file = "";
        List<string> lines = [];
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith("FILE ", StringComparison.Ordinal))
            {
                lines.Add(line);
                continue;
            }

            if (lines.Count > 0)
            {
                yield return (file, lines);
            }

            file = line["FILE ".Length..];
            lines = [];
        }

        yield return (file, lines);
    }
}
