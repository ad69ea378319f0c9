using System.Globalization;

namespace RaftLog.Jepsen;

/// <summary>What a run is like.</summary>
internal sealed record RunOptions
{
    public const string Help = """
        usage: dotnet run -c Release --project jepsen -- [options]

          --minutes N             how long clients work while things break (default 5; fractions are allowed)
          --workload LIST         append, sequence, failover, metadata, group, transaction: any of them, with commas, or all (default append)
          --nemesis LIST          kill, pause, restart, storm, cut, isolate, clients, slow, reset: any of them, all, or none (default all)
          --seed N                which faults and records are drawn (default: from the clock)
          --out DIR               where history, logs and verdict go (default jepsen-runs/TIME)
          --system NAME           raftlog or kafka (default raftlog)
          --peers DIR             the folder with kafka/ in it, for --system kafka (default $RAFTLOG_PEERS)
          --raftlog FILE          the program under test (default: the Release build of this repository)
          --bootstrap-server LIST run workload and checkers on a cluster of yours, without faults
          --set KEY=VALUE         a setting of every node; may be repeated
          --acks 1                send with acks=1 what is judged as acks=all: must be found out
          --bug NAME              run a build of the configuration SeededBugs with this bug, for instance M1: must be found out
          --check FILE            judge a kept history again, of the --system named, and do nothing else

        exit codes: 0 every promise held, 1 a promise was broken, 2 usage, 3 the run does not say
        """;

    private static readonly string[] Workloads = ["append", "sequence", "failover", "metadata", "group", "transaction"];
    private static readonly string[] Faults = ["kill", "pause", "restart", "storm", "cut", "isolate", "clients", "slow", "reset"];

    public TimeSpan Duration { get; private set; } = TimeSpan.FromMinutes(5);

    public IReadOnlyList<string> WorkloadNames { get; private set; } = ["append"];

    public IReadOnlyList<string> FaultNames { get; private set; } = Faults;

    public ulong Seed { get; private set; }

    public string? Output { get; private set; }

    public string System { get; private set; } = "raftlog";

    public string? Peers { get; private set; }

    public string? RaftLog { get; private set; }

    public string? BootstrapServers { get; private set; }

    public string? CheckFile { get; private set; }

    public bool WeakAcks { get; private set; }

    public string? Bug { get; private set; }

    public IReadOnlyList<KeyValuePair<string, string>> Settings { get; private set; } = [];

    /// <summary>The arguments that make the same run.</summary>
    public string Reproduction =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"--system {System} --minutes {Duration.TotalMinutes:0.##} --workload {string.Join(',', WorkloadNames)} --nemesis "
                + $"{(FaultNames.Count == 0 ? "none" : string.Join(',', FaultNames))} --seed {Seed}"
        )
        + (WeakAcks ? " --acks 1" : "")
        + (Bug is null ? "" : $" --bug {Bug}")
        + string.Concat(Settings.Select(each => $" --set {each.Key}={each.Value}"));

    /// <summary>Reads arguments.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="seed">The seed where they name none.</param>
    /// <exception cref="FormatException">They make no sense; the message says which, and what to write.</exception>
    public static RunOptions Parse(IReadOnlyList<string> args, ulong seed)
    {
        RunOptions options = new() { Seed = seed, Peers = Environment.GetEnvironmentVariable("RAFTLOG_PEERS") };
        List<KeyValuePair<string, string>> settings = [];
        for (int i = 0; i < args.Count; i += 2)
        {
            if (i + 1 >= args.Count)
            {
                throw new FormatException($"{args[i]} needs a value");
            }

            string value = args[i + 1];
            switch (args[i])
            {
                case "--minutes":
                    options.Duration =
                        double.TryParse(value, CultureInfo.InvariantCulture, out double minutes) && minutes is > 0 and < 10_000
                            ? TimeSpan.FromMinutes(minutes)
                            : throw new FormatException($"--minutes {value}: write a number above 0, as in --minutes 5");
                    break;
                case "--workload":
                    options.WorkloadNames = Choose("--workload", value, Workloads);
                    break;
                case "--nemesis":
                    options.FaultNames = value == "none" ? [] : Choose("--nemesis", value, Faults);
                    break;
                case "--seed":
                    options.Seed = ulong.TryParse(value, CultureInfo.InvariantCulture, out ulong chosen)
                        ? chosen
                        : throw new FormatException($"--seed {value}: write a number from 0 up");
                    break;
                case "--out":
                    options.Output = value;
                    break;
                case "--system":
                    options.System = value is "raftlog" or "kafka"
                        ? value
                        : throw new FormatException($"--system {value}: it is raftlog or kafka");
                    break;
                case "--peers":
                    options.Peers = value;
                    break;
                case "--raftlog":
                    options.RaftLog = value;
                    break;
                case "--bootstrap-server":
                    options.BootstrapServers = value;
                    options.FaultNames = [];
                    break;
                case "--bug":
                    options.Bug = value;
                    break;
                case "--check":
                    options.CheckFile = value;
                    break;
                case "--acks":
                    options.WeakAcks =
                        value == "1" || (value == "all" ? false : throw new FormatException($"--acks {value}: it is 1 or all"));
                    break;
                case "--set" when value.Split('=', 2) is [{ Length: > 0 } key, var text]:
                    settings.Add(new(key, text));
                    break;
                default:
                    throw new FormatException($"{args[i]} {value}: there is no such option, or its value has the wrong form");
            }
        }

        options.Settings = settings;
        return options;
    }

    private static List<string> Choose(string option, string value, string[] known)
    {
        if (value == "all")
        {
            return [.. known];
        }

        List<string> chosen = [.. value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        string? alien = chosen.Find(each => !known.Contains(each));
        return alien is null && chosen.Count > 0
            ? chosen
            : throw new FormatException($"{option} {value}: '{alien}' is none of {string.Join(", ", known)}, all");
    }
}
