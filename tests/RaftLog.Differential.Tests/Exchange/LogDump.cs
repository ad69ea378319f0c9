namespace RaftLog.Differential.Tests.Exchange;

/// <summary>Kafka's own reader of log files, with every decoder, over a directory.</summary>
internal static class LogDump
{
    private static readonly string[] Complaints =
    [
        "isvalid: false",
        "Mismatches",
        "Found timestamp mismatch",
        "Found invalid",
        "Exception",
        "Could not",
    ];

    /// <summary>Reads all files of all logs; fails on any complaint.</summary>
    public static async Task MustReadAsync(string data)
    {
        string[] logs = Files(data, "*.log");
        await RunAsync(logs.Where(file => file.Contains("/life-", StringComparison.Ordinal)), "--deep-iteration", "--print-data-log");
        await RunAsync(logs.Where(file => file.Contains("/__consumer_offsets-", StringComparison.Ordinal)), "--offsets-decoder");
        await RunAsync(logs.Where(file => file.Contains("/__transaction_state-", StringComparison.Ordinal)), "--transaction-log-decoder");
        await RunAsync(
            [.. logs.Where(file => file.Contains("/__cluster_metadata-", StringComparison.Ordinal)), .. Files(data, "*.checkpoint")],
            "--cluster-metadata-decoder"
        );
        await RunAsync([.. Files(data, "*.index"), .. Files(data, "*.timeindex")], "--index-sanity-check");
        await RunAsync([.. Files(data, "*.index"), .. Files(data, "*.timeindex")], "--verify-index-only");
        await RunAsync([.. Files(data, "*.txnindex"), .. Files(data, "*.snapshot")]);
    }

    private static string[] Files(string data, string pattern) =>
        [
            .. Directory
                .EnumerateFiles(data, pattern, SearchOption.AllDirectories)
                .Where(file => !file.EndsWith("bootstrap.checkpoint", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];

    private static async Task RunAsync(IEnumerable<string> files, params string[] arguments)
    {
        string all = string.Join(',', files);
        Assert.NotEmpty(all);
        CommandResult result = (
            await Command.RunAsync(KafkaNodes.Launcher, ["tool", "dump-log", "--files", all, .. arguments])
        ).Succeeded();
        foreach (string complaint in Complaints)
        {
            result.NotSaying(complaint);
        }

        Assert.Empty(Gaps(result.Errors + result.Output));
    }

    /// <summary>
    /// Where offsets leap. The tool names each first offset of a file that is not 0, and the holes that compaction makes: those are no
    /// complaints.
    /// </summary>
    private static IEnumerable<string> Gaps(string said)
    {
        string file = "";
        foreach (string line in said.Split('\n'))
        {
            file = line.StartsWith("Non-consecutive offsets in ", StringComparison.Ordinal) ? line : file;
            if (
                line.Contains(" is followed by ", StringComparison.Ordinal)
                && !line.TrimStart().StartsWith("-1 ", StringComparison.Ordinal)
                && !file.Contains(LifeTopics.Compacted, StringComparison.Ordinal)
            )
            {
                yield return $"{file}: {line}";
            }
        }
    }
}
