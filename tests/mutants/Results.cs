using System.Text.Json;

namespace RaftLog.Mutants;

/// <summary>What became of each mutant, kept in a file so that a run can go on.</summary>
internal sealed class Results
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    private readonly string? _file;
    private readonly List<Result> _known;

    /// <summary>Reads what a run before has left.</summary>
    /// <param name="file">The file; null keeps nothing.</param>
    public Results(string? file)
    {
        _file = file;
        _known = file is not null && File.Exists(file) ? JsonSerializer.Deserialize<List<Result>>(File.ReadAllText(file))! : [];
    }

    /// <summary>What is known of a place; null when nothing is.</summary>
    public string? VerdictOf(Place place) => _known.Find(each => each.Place == place)?.Verdict;

    /// <summary>Adds one, and writes the file anew.</summary>
    public void Add(Place place, string verdict)
    {
        _known.Add(new Result(place, verdict));
        if (_file is not null)
        {
            File.WriteAllText(_file + ".new", JsonSerializer.Serialize(_known, Json));
            File.Move(_file + ".new", _file, overwrite: true);
        }
    }

    /// <summary>A table of rooms and of who noticed how many mutants, in Markdown.</summary>
    public string Table()
    {
        List<string> lines =
        [
            $"| Room | Mutants | {string.Join(" | ", Trial.Verdicts)} |",
            $"|---|---:{string.Concat(Trial.Verdicts.Select(_ => "|---:"))}|",
        ];
        foreach (Room room in Room.All.Where(room => _known.Exists(each => each.Place.Room == room.Name)))
        {
            lines.Add(Line(room.Name, [.. _known.Where(each => each.Place.Room == room.Name)]));
        }

        lines.Add(Line("all", _known));
        return string.Join('\n', lines);
    }

    private static string Line(string name, List<Result> own) =>
        $"| {name} | {own.Count} | {string.Join(" | ", Trial.Verdicts.Select(verdict => own.Count(each => each.Verdict == verdict)))} |";

    private sealed record Result(Place Place, string Verdict);
}
