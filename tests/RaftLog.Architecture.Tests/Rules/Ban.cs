namespace RaftLog.Architecture.Tests;

/// <summary>Something of the .NET library that a room must not use.</summary>
/// <param name="What">
/// A type (<c>System.Random</c>), all below a namespace (<c>System.IO.*</c>), a member (<c>System.Guid::NewGuid</c>), or every member
/// (<c>System.Environment::*</c>); generic types with their arity (<c>ImmutableDictionary`2</c>).
/// </param>
/// <param name="Instead">What to use instead.</param>
/// <param name="UnlessIt">Makes some overloads harmless.</param>
internal sealed record Ban(string What, string Instead, Func<Use, bool>? UnlessIt = null)
{
    internal bool Hits(Use use) => Names(use) && UnlessIt?.Invoke(use) != true;

    /// <summary>The uses that a list of bans hits, each with what to do instead.</summary>
    internal static IReadOnlyList<string> Violations(IEnumerable<Use> uses, IReadOnlyList<Ban> bans) =>
        [
            .. uses.SelectMany(use => bans.Where(ban => ban.Hits(use)).Select(ban => $"{use}: {ban.Instead}"))
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];

    private bool Names(Use use)
    {
        if (What.Split("::") is [var type, var member])
        {
            return use.Type == type && (use.Member == member || (member == "*" && use.Member.Length > 0));
        }

        // A use of a member comes with a use of its type, so types are matched by that alone.
        return use.Member.Length == 0
            && (
                What.EndsWith(".*", StringComparison.Ordinal)
                    ? use.Type.StartsWith(What[..^1], StringComparison.Ordinal)
                    : use.Type == What || use.Type.StartsWith(What + "+", StringComparison.Ordinal)
            );
    }
}
