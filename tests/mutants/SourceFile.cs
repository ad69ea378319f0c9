using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RaftLog.Mutants;

/// <summary>One file of a room: where it can be changed, and how it reads with guarded mutants in it.</summary>
internal sealed class SourceFile(Room room, string file, string text)
{
    private readonly SyntaxNode _root = CSharpSyntaxTree.ParseText(text).GetRoot();

    /// <summary>Every place that can be changed, in the file's order.</summary>
    public IEnumerable<Place> Places() =>
        from node in _root.DescendantNodes()
        where Changes.IsAllowed(node)
        let after = Changes.Of(node, node)
        where after is not null
        select PlaceOf(node, after!);

    /// <summary>The file with both forms of each of these places, of which the number of a mutant chooses one.</summary>
    /// <param name="numbers">The places of this file, and the number of each one's mutant.</param>
    public string WithMutants(IReadOnlyDictionary<Place, int> numbers)
    {
        Dictionary<SyntaxNode, int> chosen = [];
        foreach (SyntaxNode node in _root.DescendantNodes().Where(Changes.IsAllowed))
        {
            if (Changes.Of(node, node) is { } after && numbers.TryGetValue(PlaceOf(node, after), out int number))
            {
                chosen.Add(node, number);
            }
        }

        return new Guarding(chosen, MutantGuard.NameIn(room)).Visit(_root)!.ToFullString();
    }

    /// <summary>The numbers of the mutants within the member that a compiler's error points into.</summary>
    /// <param name="changed">The file with mutants in it.</param>
    /// <param name="line">The line of the error, from 1.</param>
    public IEnumerable<int> Within(string changed, int line)
    {
        SyntaxNode root = CSharpSyntaxTree.ParseText(changed).GetRoot();
        TextSpan at = SourceText.From(changed).Lines[line - 1].Span;
        string prefix = $"global::{MutantGuard.NameIn(room)}.Is";
        return root.DescendantNodes()
            .OfType<MemberDeclarationSyntax>()
            .Where(member => member is not (BaseTypeDeclarationSyntax or BaseNamespaceDeclarationSyntax) && member.Span.IntersectsWith(at))
            .SelectMany(member => member.DescendantNodes().OfType<InvocationExpressionSyntax>())
            .Where(call => call.Expression.ToString() == prefix)
            .Select(call => (int)((LiteralExpressionSyntax)call.ArgumentList.Arguments[0].Expression).Token.Value!);
    }

    private Place PlaceOf(SyntaxNode node, ExpressionSyntax after) =>
        new(
            room.Name,
            file,
            node.GetLocation().GetLineSpan().StartLinePosition.Line + 1,
            node.SpanStart,
            node.Span.Length,
            node.ToString(),
            after.ToString()
        );

    private sealed class Guarding(Dictionary<SyntaxNode, int> chosen, string guard) : CSharpSyntaxRewriter
    {
        public override SyntaxNode? Visit(SyntaxNode? node)
        {
            SyntaxNode? now = base.Visit(node);
            if (node is null || now is null || !chosen.TryGetValue(node, out int number))
            {
                return now;
            }

            ExpressionSyntax after = Changes.Of(node, now)!;
            return SyntaxFactory
                .ParseExpression($"(global::{guard}.Is({number}) ? ({after.ToString()}) : ({now.ToString()}))")
                .WithTriviaFrom(now);
        }
    }
}
