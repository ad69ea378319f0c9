namespace RaftLog.Benchmarks.Load;

/// <summary>
/// kcat as a consumer of a whole topic: a light client, so that the broker's work shows. Its queues hold the whole topic: with librdkafka's
/// usual limit of 64 MiB a partition it stops fetching for up to a second whenever brokers are faster than what reads its output, and the
/// faster broker looks slower.
/// </summary>
internal static class KcatConsumer
{
    private const string Room = "-X queued.max.messages.kbytes=2097151 -X queued.min.messages=10000000";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Reads a topic from its beginning to its end and returns how long that took.</summary>
    /// <param name="bootstrap">Where the cluster is.</param>
    /// <param name="topic">What to read.</param>
    /// <param name="bytes">How many bytes of values must come, each followed by a line break.</param>
    public static async Task<TimeSpan> RunAsync(string bootstrap, string topic, long bytes)
    {
        string kcat = Repository.OnPath("kcat") ?? throw new InvalidOperationException("no kcat on PATH (Debian: apt-get install kcat)");
        long start = TimeProvider.System.GetTimestamp();
        CommandResult result = await Command.RunAsync(
            "/bin/sh",
            ["-c", $"\"$0\" -b \"$1\" -C -t \"$2\" -o beginning -e -q {Room} | wc -c", kcat, bootstrap, topic],
            patience: Patience
        );
        TimeSpan elapsed = TimeProvider.System.GetElapsedTime(start);
        long came = long.Parse(result.Succeeded().Output, System.Globalization.CultureInfo.InvariantCulture);
        return came == bytes ? elapsed : throw new InvalidOperationException($"kcat read {came} bytes instead of {bytes}: {result.Errors}");
    }
}
