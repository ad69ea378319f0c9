using System.Text.RegularExpressions;
using RaftLog.Protocol;

namespace RaftLog.Architecture.Tests;

/// <summary>Rules over source files as text.</summary>
internal static partial class SourceRules
{
    internal const int MaxLines = 800;

    private static readonly string[] SchemaSuffixes = ["Request", "Response"];

    /// <summary>Files that are too long to be one thing.</summary>
    internal static IEnumerable<string> TooLong(IEnumerable<(string File, string Text)> sources) =>
        from source in sources
        let lines = source.Text.Count(c => c == '\n')
        where lines > MaxLines
        select $"{source.File} has {lines} lines; beyond {MaxLines} it is several types: split it";

    /// <summary>
    /// Types whose parts lie in several hand-written files: one type with too many jobs. The bodies of hooks for seeded bugs are no part
    /// of a product.
    /// </summary>
    internal static IEnumerable<string> Scattered(IEnumerable<(string File, string Text)> sources) =>
        from part in sources
            .Where(static source => !source.File.EndsWith(".SeededBugs.cs", StringComparison.Ordinal))
            .SelectMany(source =>
                PartialType()
                    .Matches(source.Text)
                    .Select(match => (source.File, Type: $"{NamespaceOf(source.Text)}.{match.Groups["name"].Value}"))
            )
        group part.File by part.Type into type
        let files = type.Distinct(StringComparer.Ordinal).ToList()
        where files.Count > 1
        select $"{type.Key} is spread over {string.Join(", ", files)}: make it several types";

    /// <summary>Schemas whose number is not that of the api they describe.</summary>
    internal static IEnumerable<string> Misnumbered(IEnumerable<string> schemas) =>
        from schema in schemas
        let name = Path.GetFileNameWithoutExtension(schema)
        where !SchemaSuffixes.Any(suffix => name == $"{NumberOf(name):00}_{(ApiKey)NumberOf(name)}{suffix}")
        select $"{schema}: number and name are not those of an api, as in 00_ProduceRequest.schema";

    /// <summary>Handlers whose file does not bear the number of the api they answer: the folder is the support table.</summary>
    internal static IEnumerable<string> Unnumbered(IEnumerable<(string File, string Text)> sources) =>
        from source in sources
        from handler in Handler().Matches(source.Text)
        let api = handler.Groups["api"].Value
        where !Enum.TryParse(api, out ApiKey key) || (short)key != NumberOf(Path.GetFileName(source.File))
        select $"{source.File}: it answers {api}, so its name begins with that api's number, as 00_Produce.cs";

    /// <summary>
    /// Callbacks that are set after an object was made: until then it is not whole, and nobody sees who sets them. What an object calls is
    /// given when it is made; what others want to hear of it is an event.
    /// </summary>
    internal static IEnumerable<string> SetLater(IEnumerable<(string File, string Text)> sources) =>
        from source in sources
        from callback in SettableCallback().Matches(source.Text)
        let name = callback.Groups["name"].Value
        select $"{source.File}: {name} is set after its object was made: give it to the constructor, or make it an event";

    private static short NumberOf(string name) => short.TryParse(name.Split('_')[0], out short number) ? number : (short)-1;

    private static string NamespaceOf(string text) => NamespaceLine().Match(text).Groups["name"].Value;

    [GeneratedRegex(
        @"^[^\n/""]*\bpartial\s+(?:record\s+struct|record\s+class|class|struct|record|interface)\s+(?<name>\w+)",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture
    )]
    private static partial Regex PartialType();

    [GeneratedRegex(@"^namespace\s+(?<name>[\w.]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(
        @"\b(?:Action|Func)\b(?:<[^;{}=]*>)?\??\s+(?<name>\w+)\s*\{\s*get;\s*(?:internal\s+)?set;",
        RegexOptions.ExplicitCapture
    )]
    private static partial Regex SettableCallback();

    // A handler of one api; the generic ones, over TRequest, serve many.
    [GeneratedRegex(@"class\s+\w+(?!\s*<)[^{;]*:[^{;]*\bIRequestHandler<(?<api>\w{2,})Request\b", RegexOptions.ExplicitCapture)]
    private static partial Regex Handler();
}
