using System.Runtime.InteropServices;
using Confluent.Kafka;
using Streamiz.Kafka.Net;
using Streamiz.Kafka.Net.SerDes;
using Streamiz.Kafka.Net.State;
using Streamiz.Kafka.Net.Stream;
using Streamiz.Kafka.Net.Table;

namespace RaftLog.Interop.Frameworks;

/// <summary>
/// Streamiz: joins lines with the names of their authors, counts the words of each author in a state store, and writes the counts, exactly
/// once.
/// </summary>
internal static class WordCount
{
    /// <summary>Counts until SIGTERM.</summary>
    public static async Task RunAsync(string bootstrap, string lines, string names, string counts, string directory)
    {
        StreamBuilder builder = new();
        IKTable<string, string> authors = builder.Table<string, string>(names);
        builder
            .Stream<string, string>(lines)
            .Join<string, string, StringSerDes, StringSerDes>(authors, (line, author) => $"{author}:{line}")
            .FlatMapValues((_, text, _) => Words(text))
            .GroupBy<string, StringSerDes, StringSerDes>((_, word, _) => word)
            .Count(Materialized<string, long, IKeyValueStore<Streamiz.Kafka.Net.Crosscutting.Bytes, byte[]>>.Create("words"))
            .ToStream()
            .MapValues((_, count, _) => $"{count}")
            .To<StringSerDes, StringSerDes>(counts);
        StreamConfig<StringSerDes, StringSerDes> config = new()
        {
            ApplicationId = "word-count",
            BootstrapServers = bootstrap,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            Guarantee = ProcessingGuarantee.EXACTLY_ONCE,
            CommitIntervalMs = 200,
            SessionTimeoutMs = 6_000,
            ReplicationFactor = 3,
            StateDir = directory,
        };
        using KafkaStream stream = new(builder.Build(), config);
        TaskCompletionSource stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(
            PosixSignal.SIGTERM,
            signal =>
            {
                signal.Cancel = true;
                stop.TrySetResult();
            }
        );
        stream.StateChanged += (_, state) => Console.WriteLine($"state {state.Name}");
        await stream.StartAsync();
        await stop.Task;
    }

    private static IEnumerable<string> Words(string text)
    {
        int split = text.IndexOf(':');
        return text[(split + 1)..].Split(' ').Select(word => $"{text[..split]} {word}");
    }
}
