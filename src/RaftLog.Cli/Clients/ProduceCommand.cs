using System.CommandLine;
using System.Text;
using RaftLog.Cli.Output;
using RaftLog.Client;
using RaftLog.Client.Produce;
using RaftLog.Protocol.Compression;

namespace RaftLog.Cli.Clients;

/// <summary><c>raftlog produce</c>: one record for each line of standard input.</summary>
internal static class ProduceCommand
{
    private const int MaxWaiting = 10_000;

    public static Command Create()
    {
        Argument<string> topic = new("topic") { Description = "The topic to write to." };
        Option<string?> separator = new("--key-separator") { Description = "What stands between key and value of a line; without it lines have no key." };
        Option<string> acks = new("--acks") { Description = "all, 1 or 0.", DefaultValueFactory = _ => "all" };
        acks.AcceptOnlyFromAmong("all", "-1", "1", "0");
        Option<CompressionType> compression = new("--compression") { Description = "none, gzip, snappy, lz4 or zstd.", DefaultValueFactory = _ => CompressionType.None };
        Command command = new("produce", "Write the lines of standard input to a topic.") { topic, separator, acks, compression };
        return ClientCommand.Add(command, async (cluster, parsed, json, cancel) =>
        {
            Acks wanted = parsed.GetValue(acks) switch
            {
                "0" => Acks.None,
                "1" => Acks.Leader,
                _ => Acks.All,
            };
            await using Producer producer = cluster.CreateProducer(new ProducerOptions
            {
                Acks = wanted, Idempotence = wanted == Acks.All, Compression = parsed.GetValue(compression),
            });
            long sent = await SendLinesAsync(producer, parsed.GetValue(topic)!, parsed.GetValue(separator), cancel);
            string text = json
                ? Json.Line(writer =>
                {
                    writer.WriteStartObject();
                    writer.WriteNumber("records", sent);
                    writer.WriteEndObject();
                })
                : $"{sent} records acknowledged";
            Console.Error.WriteLine(text);
            return ExitCode.Ok;
        });
    }

    private static async Task<long> SendLinesAsync(Producer producer, string topic, string? separator, CancellationToken cancel)
    {
        Queue<ValueTask<ProduceResult>> waiting = new();
        long sent = 0;
        using StreamReader input = new(Console.OpenStandardInput());
        while (await input.ReadLineAsync(cancel) is { } line)
        {
            waiting.Enqueue(producer.ProduceAsync(topic, RecordOf(line, separator)));
            if (waiting.Count >= MaxWaiting)
            {
                await waiting.Dequeue();
                sent++;
            }
        }

        while (waiting.TryDequeue(out ValueTask<ProduceResult> last))
        {
            await last;
            sent++;
        }

        return sent;
    }

    private static ProducerRecord RecordOf(string line, string? separator)
    {
        int split = separator is { Length: > 0 } ? line.IndexOf(separator, StringComparison.Ordinal) : -1;
        return split < 0
            ? new ProducerRecord(null, Encoding.UTF8.GetBytes(line))
            : new ProducerRecord(Encoding.UTF8.GetBytes(line[..split]), Encoding.UTF8.GetBytes(line[(split + separator!.Length)..]));
    }
}
