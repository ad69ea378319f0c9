using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;
using RaftLog.Cli.Clients.Records;
using RaftLog.Cli.Output;
using RaftLog.Client.Produce;
using RaftLog.Protocol.Compression;

namespace RaftLog.Cli.Clients;

/// <summary><c>raftlog produce</c>: one record for each line of standard input.</summary>
internal static class ProduceCommand
{
    private const int MaxLineBytes = 1 << 20;
    private const int ProgressEvery = 10_000;

    public static Command Create()
    {
        Argument<string> topic = new("topic") { Description = "The topic to write to." };
        Option<string?> separator = new("--key-separator")
        {
            Description = "What stands between key and value of a line, for instance '\\t' or ':'; without it lines have no key.",
        };
        Option<string?> key = new("--key") { Description = "The key of every record." };
        Option<string?> nullMarker = new("--null")
        {
            Description = "A key or value that is just this text is null; without it an empty one is empty.",
        };
        Option<bool> tombstone = new("--tombstone")
        {
            Description = "Each line is a key, whose value is null: on a compacted topic this deletes the key.",
        };
        Option<string[]> headers = new("--header")
        {
            Description = "A header name=value of every record; may be given again. Without '=' its value is null.",
        };
        Option<int?> partition = new("--partition") { Description = "Write to this partition." };
        Option<string> format = new("--format")
        {
            Description =
                "text: a line is a value; json: a line is an object with key, value, headers, partition and timestamp, as consume "
                + "--format json shows it.",
            DefaultValueFactory = _ => "text",
        };
        format.AcceptOnlyFromAmong("text", "json");
        Option<string> acks = new("--acks") { Description = "all, 1 or 0.", DefaultValueFactory = _ => "all" };
        acks.AcceptOnlyFromAmong("all", "-1", "1", "0");
        Option<CompressionType> compression = new("--compression")
        {
            Description = "none, gzip, snappy, lz4 or zstd.",
            DefaultValueFactory = _ => CompressionType.None,
        };
        separator.Validators.Add(CheckEscapes);
        nullMarker.Validators.Add(CheckEscapes);
        Command command = new(
            "produce",
            "Write the lines of standard input to a topic; bytes in are bytes out, and only the line feed ends a line."
        )
        {
            topic,
            separator,
            key,
            nullMarker,
            tombstone,
            headers,
            partition,
            format,
            acks,
            compression,
        };
        command.Validators.Add(result =>
        {
            if (
                result.GetValue(tombstone)
                && (result.GetValue(separator) is not null || result.GetValue(key) is not null || result.GetValue(format) == "json")
            )
            {
                result.AddError(
                    "--tombstone takes the whole line as the key: it goes with none of --key-separator, --key and --format json"
                );
            }
        });
        return ClientCommand.Add(
            command,
            async (cluster, parsed, json, cancel) =>
            {
                Acks wanted = parsed.GetValue(acks) switch
                {
                    "0" => Acks.None,
                    "1" => Acks.Leader,
                    _ => Acks.All,
                };
                await using Producer producer = cluster.CreateProducer(
                    new ProducerOptions
                    {
                        Acks = wanted,
                        Idempotence = wanted == Acks.All,
                        Compression = parsed.GetValue(compression),
                    }
                );
                ProducerRecord common = new(parsed.GetValue(key) is { } name ? Encoding.UTF8.GetBytes(name) : null, (byte[]?)null)
                {
                    Headers = LineParser.Headers(parsed.GetValue(headers) ?? []),
                    Partition = parsed.GetValue(partition),
                };
                LineParser lines = new(
                    Escapes.Read(parsed.GetValue(separator) ?? ""),
                    Escapes.Read(parsed.GetValue(nullMarker) ?? ""),
                    parsed.GetValue(tombstone),
                    common
                );
                bool readsJson = parsed.GetValue(format) == "json";
                LineSender sender = new(producer, parsed.GetValue(topic)!, Console.Error);
                try
                {
                    await SendLinesAsync(
                        sender,
                        (line, number) => readsJson ? JsonRecords.Read(line, number, common) : lines.Parse(line),
                        cancel
                    );
                }
                finally
                {
                    // Also where a line is no record: those before it are on their way.
                    await sender.EndAsync();
                    Console.Error.WriteLine(json ? ToJson(sender) : ToText(sender));
                }

                return sender.Failed == 0 ? ExitCode.Ok : ExitCode.Failed;
            }
        );
    }

    private static string ToText(LineSender sender) =>
        sender.Failed == 0
            ? $"{sender.Acknowledged} records acknowledged"
            : $"{sender.Acknowledged} records acknowledged, {sender.Failed} not";

    private static string ToJson(LineSender sender) =>
        Json.Line(writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("records", sender.Acknowledged);
            writer.WriteNumber("failed", sender.Failed);
            writer.WriteEndObject();
        });

    private static void CheckEscapes(OptionResult result)
    {
        try
        {
            Escapes.Read(result.GetValueOrDefault<string?>() ?? "");
        }
        catch (FormatException e)
        {
            result.AddError($"{result.Option.Name}: {e.Message}");
        }
    }

    private static async Task SendLinesAsync(
        LineSender sender,
        Func<ReadOnlyMemory<byte>, long, ProducerRecord> parse,
        CancellationToken cancel
    )
    {
        bool showsProgress = !Console.IsErrorRedirected && Console.IsInputRedirected;
        await using Stream input = Console.OpenStandardInput();
        ByteLines lines = new(input, MaxLineBytes);
        while (await lines.ReadAsync(cancel) is { } line)
        {
            await sender.SendAsync(parse(line, lines.Number), lines.Number);
            if (showsProgress && lines.Number % ProgressEvery == 0)
            {
                Console.Error.Write($"\r{sender.Acknowledged} records");
            }
        }

        if (showsProgress && lines.Number >= ProgressEvery)
        {
            Console.Error.Write('\r');
        }
    }
}
