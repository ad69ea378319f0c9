using System.Text.RegularExpressions;
using RaftLog.Protocol;

namespace RaftLog.Architecture.Tests;

/// <summary>Rules over source files as text.</summary>
internal static partial class SourceRules
{
    internal const int MaxLines = 800;

    private static readonly string[] ApiSuffixes = ["Handler", "HandlerTests", "Tests", "Request", "Response"];

    /// <summary>Files that are too long to be one thing.</summary>
    internal static IEnumerable<string> TooLong(IEnumerable<(string File, string Text)> sources) =>
        from source in sources
        let lines = source.Text.Count(c => c == '\n')
        where lines > MaxLines
        select $"{source.File} has {lines} lines; beyond {MaxLines} it is several types: split it";

    /// <summary>Types whose parts lie in several hand-written files: a god class in disguise.</summary>
    internal static IEnumerable<string> Scattered(IEnumerable<(string File, string Text)> sources) =>
        from part in sources.SelectMany(source => PartialType().Matches(source.Text)
            .Select(match => (source.File, Type: $"{NamespaceOf(source.Text)}.{match.Groups["name"].Value}")))
        group part.File by part.Type into type
        let files = type.Distinct(StringComparer.Ordinal).ToList()
        where files.Count > 1
        select $"{type.Key} is spread over {string.Join(", ", files)}: make it several types";

    /// <summary>Files named by an api's number that do not bear that api's name.</summary>
    internal static IEnumerable<string> Misnumbered(IEnumerable<string> files)
    {
        foreach (string file in files)
        {
            string name = Path.GetFileName(file).Split('.')[0];
            if (NumberedFile().Match(name) is not { Success: true } match)
            {
                continue;
            }

            ApiKey key = (ApiKey)short.Parse(match.Groups["number"].Value);
            string api = match.Groups["name"].Value;
            if (!Enum.IsDefined(key))
            {
                yield return $"{file}: there is no api {(short)key}";
            }
            else if (api != key.ToString() && !ApiSuffixes.Any(suffix => api == key + suffix))
            {
                yield return $"{file}: api {(short)key} is {key}";
            }
        }
    }

    /// <summary>Handlers whose file is not named by their api: the folder is the support table.</summary>
    internal static IEnumerable<string> Unnumbered(IEnumerable<string> files) =>
        from file in files
        let name = Path.GetFileNameWithoutExtension(file)
        where name.EndsWith("Handler", StringComparison.Ordinal) && !InterfaceFile().IsMatch(name) && !NumberedFile().IsMatch(name)
        select $"{file}: a handler's file is named by its api, as 00_ProduceHandler.cs";

    private static string NamespaceOf(string text) => NamespaceLine().Match(text).Groups["name"].Value;

    [GeneratedRegex(@"^[^\n/""]*\bpartial\s+(?:record\s+struct|record\s+class|class|struct|record|interface)\s+(?<name>\w+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex PartialType();

    [GeneratedRegex(@"^namespace\s+(?<name>[\w.]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^(?<number>\d{2,3})_(?<name>\w+)$", RegexOptions.ExplicitCapture)]
    private static partial Regex NumberedFile();

    [GeneratedRegex("^I[A-Z]")]
    private static partial Regex InterfaceFile();
}
