using System.CommandLine;
using System.Diagnostics;
using RaftLog.Mutants;

Option<string[]> rooms = new("--room") { Description = "A room; may be given several times; all of them without it." };
rooms.AcceptOnlyFromAmong([.. Room.All.Select(room => room.Name)]);
Option<int> count = new("--count") { Description = "How many mutants.", DefaultValueFactory = _ => 12 };
Option<int> seed = new("--seed") { Description = "What draws their places.", DefaultValueFactory = _ => 2027 };
Option<int> coreSeeds = new("--core-seeds") { Description = "Seeds of the cores for each.", DefaultValueFactory = _ => 1000 };
Option<int> nodeSeeds = new("--node-seeds") { Description = "Seeds of whole nodes for each.", DefaultValueFactory = _ => 24 };
Option<int> limit = new("--limit")
{
    Description = "The longest that one step may take, in seconds; a step that takes longer has noticed.",
    DefaultValueFactory = _ => 600,
};
Option<int> jobs = new("--jobs") { Description = "How many mutants at a time.", DefaultValueFactory = _ => Environment.ProcessorCount };
Option<string?> keep = new("--out") { Description = "A file that keeps what is known; the same command goes on with it." };
Option<bool> list = new("--list") { Description = "Show the places and change nothing." };
RootCommand command = new(
    """
    Mechanical mutants: changes one place of a room's code at a time and looks who notices.

    Each mutant meets seeds of the cores, seeds of whole nodes, the scenarios, and the tests of its room, in this order, until one of them
    fails. What no one notices is printed with its place: a test is missing there, or the change changes nothing that anybody could see.
    It works in a git worktree of its own, made from the commit that is checked out, and leaves the caller's files alone.
    Exit code 0: it came to an end; 1: the code fails as it is; 2: usage.
    """
)
{
    rooms,
    count,
    seed,
    coreSeeds,
    nodeSeeds,
    limit,
    jobs,
    keep,
    list,
};
command.SetAction(
    async (parsed, stop) =>
    {
        string top = (
            await ChildProcess.RunAsync(
                AppContext.BaseDirectory,
                TimeSpan.FromMinutes(1),
                null,
                ["git", "rev-parse", "--show-toplevel"],
                stop
            )
        ).Output.Trim();
        string[] chosen = parsed.GetValue(rooms) is { Length: > 0 } some ? some : [.. Room.All.Select(room => room.Name)];
        Place[] places =
        [
            .. from room in Room.All
            where chosen.Contains(room.Name)
            from file in room.Files(top)
            from place in new SourceFile(room, file, File.ReadAllText(Path.Combine(top, file))).Places()
            select place,
        ];
        new Random(parsed.GetValue(seed)).Shuffle(places);
        int wanted = parsed.GetValue(count);
        if (parsed.GetValue(list))
        {
            Console.WriteLine(string.Join('\n', places.Take(wanted)));
            return 0;
        }

        // Some do not compile; those that were drawn next take their places.
        Place[] drawn = [.. places.Take(wanted + (wanted / 4) + 8)];
        await using Workbench workbench = await Workbench.CreateAsync(top, stop);
        IReadOnlySet<int> compiled = await workbench.BuildAsync(drawn);
        TrialLimits limits = new(parsed.GetValue(coreSeeds), parsed.GetValue(nodeSeeds), TimeSpan.FromSeconds(parsed.GetValue(limit)));
        Trial trial = new(workbench.Root, limits, stop);
        Console.Error.WriteLine("looking at the code as it is");
        string asItIs = await trial.RunAsync(
            null,
            Room.All.Where(room => chosen.Contains(room.Name)).Select(room => room.Tests).Distinct()
        );
        if (asItIs != Trial.Survives)
        {
            Console.Error.WriteLine($"the code fails as it is, without a mutant: {asItIs}");
            return 1;
        }

        Results results = new(parsed.GetValue(keep));
        Lock gate = new();
        await Parallel.ForEachAsync(
            compiled.Order().Take(wanted).Where(number => results.VerdictOf(drawn[number]) is null),
            new ParallelOptions { MaxDegreeOfParallelism = parsed.GetValue(jobs), CancellationToken = stop },
            async (number, _) =>
            {
                long began = Stopwatch.GetTimestamp();
                string verdict = await trial.RunAsync(number, [Room.All.First(room => room.Name == drawn[number].Room).Tests]);
                lock (gate)
                {
                    results.Add(drawn[number], verdict);
                    Console.WriteLine($"{verdict, -18} {Stopwatch.GetElapsedTime(began).TotalSeconds, 4:F0} s  {drawn[number]}");
                }
            }
        );
        Console.WriteLine("\n" + results.Table());
        return 0;
    }
);
return await command.Parse(args).InvokeAsync();
