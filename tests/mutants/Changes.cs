using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace RaftLog.Mutants;

/// <summary>
/// The changes that mutants are made of: a comparison flipped or moved by one, one more or one less, the other connective, a condition
/// negated, the other truth value, the larger for the smaller.
/// </summary>
internal static class Changes
{
    private static readonly Dictionary<SyntaxKind, SyntaxKind> Operators = new()
    {
        [SyntaxKind.LessThanExpression] = SyntaxKind.LessThanOrEqualExpression,
        [SyntaxKind.LessThanOrEqualExpression] = SyntaxKind.LessThanExpression,
        [SyntaxKind.GreaterThanExpression] = SyntaxKind.GreaterThanOrEqualExpression,
        [SyntaxKind.GreaterThanOrEqualExpression] = SyntaxKind.GreaterThanExpression,
        [SyntaxKind.EqualsExpression] = SyntaxKind.NotEqualsExpression,
        [SyntaxKind.NotEqualsExpression] = SyntaxKind.EqualsExpression,
        [SyntaxKind.LogicalAndExpression] = SyntaxKind.LogicalOrExpression,
        [SyntaxKind.LogicalOrExpression] = SyntaxKind.LogicalAndExpression,
    };

    private static readonly Dictionary<SyntaxKind, SyntaxKind> OperatorsBeforeOne = new()
    {
        [SyntaxKind.AddExpression] = SyntaxKind.SubtractExpression,
        [SyntaxKind.SubtractExpression] = SyntaxKind.AddExpression,
    };

    /// <summary>What stands in the place of an expression in a mutant; null where none of the changes fits.</summary>
    /// <param name="node">The expression as it stands in the file.</param>
    /// <param name="now">The same, with the guards of other mutants within it.</param>
    public static ExpressionSyntax? Of(SyntaxNode node, SyntaxNode now) =>
        (node, now) switch
        {
            (BinaryExpressionSyntax binary, BinaryExpressionSyntax inner) => OfOperator(binary, inner),
            (InvocationExpressionSyntax call, InvocationExpressionSyntax inner) => OfCall(call, inner),
            (LiteralExpressionSyntax literal, _) when literal.IsKind(SyntaxKind.TrueLiteralExpression) => LiteralExpression(
                SyntaxKind.FalseLiteralExpression
            ),
            (LiteralExpressionSyntax literal, _) when literal.IsKind(SyntaxKind.FalseLiteralExpression) => LiteralExpression(
                SyntaxKind.TrueLiteralExpression
            ),
            (IdentifierNameSyntax or MemberAccessExpressionSyntax, ExpressionSyntax inner) when IsCondition(node) => Not(inner),
            _ => null,
        };

    /// <summary>Whether an expression may stand twice, and be chosen when the program runs.</summary>
    public static bool IsAllowed(SyntaxNode node) =>
        !node.DescendantNodes().Any(each => each is VariableDesignationSyntax)
        && !node.Ancestors()
            .Any(each =>
                each
                    is AttributeSyntax
                        or PatternSyntax
                        or ParameterSyntax
                        or EnumMemberDeclarationSyntax
                        or InterpolationSyntax
                        or CaseSwitchLabelSyntax
                || (each is FieldDeclarationSyntax field && field.Modifiers.Any(SyntaxKind.ConstKeyword))
                || (each is LocalDeclarationStatementSyntax local && local.Modifiers.Any(SyntaxKind.ConstKeyword))
                || (each is InvocationExpressionSyntax call && IsOfTheProof(call.Expression.ToString()))
            );

    private static bool IsOfTheProof(string called) =>
        called.StartsWith("SeededBug", StringComparison.Ordinal) || called.StartsWith("Invariant.", StringComparison.Ordinal);

    private static bool IsCondition(SyntaxNode node) => node.Parent is IfStatementSyntax statement && statement.Condition == node;

    private static PrefixUnaryExpressionSyntax Not(ExpressionSyntax condition) =>
        PrefixUnaryExpression(SyntaxKind.LogicalNotExpression, ParenthesizedExpression(condition));

    private static BinaryExpressionSyntax? OfOperator(BinaryExpressionSyntax binary, BinaryExpressionSyntax inner)
    {
        bool isOne = binary.Right is LiteralExpressionSyntax { Token.Value: 1 or 1L };
        SyntaxKind? other =
            Operators.TryGetValue(binary.Kind(), out SyntaxKind kind) ? kind
            : isOne && OperatorsBeforeOne.TryGetValue(binary.Kind(), out kind) ? kind
            : null;
        return other is { } to ? BinaryExpression(to, inner.Left, inner.Right).NormalizeWhitespace() : null;
    }

    private static InvocationExpressionSyntax? OfCall(InvocationExpressionSyntax call, InvocationExpressionSyntax inner)
    {
        string? other = call.Expression.ToString() switch
        {
            "Offset.Min" => "Offset.Max",
            "Offset.Max" => "Offset.Min",
            "Math.Min" => "Math.Max",
            "Math.Max" => "Math.Min",
            _ => null,
        };
        return other is null ? null : inner.WithExpression(ParseExpression(other));
    }
}
